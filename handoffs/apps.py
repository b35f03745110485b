from django.apps import AppConfig


class HandoffsConfig(AppConfig):
    name = "handoffs"

    def ready(self) -> None:
        from accounts.extensions import leaving
        from agreements import document
        from handoffs import receivers  # noqa: F401
        from handoffs.agreement_checks import check_handoffs
        from handoffs.panels import ACTS_PANEL, RECEIPT_PANEL
        from handoffs.selectors.cooling import cooling_down
        from handoffs.selectors.leaving import what_moves
        from handoffs.selectors.owners import owners_kept
        from handoffs.selectors.results import handoff_fields
        from handoffs.selectors.timeline import handoff_facts
        from leads.extensions import owner_keepers, panels, result_fields, timeline_sources
        from scoring.extensions import holds

        document.checks.append(check_handoffs)
        result_fields["handoff"] = handoff_fields
        owner_keepers.append(owners_kept)
        timeline_sources.append(handoff_facts)
        panels.extend([ACTS_PANEL, RECEIPT_PANEL])
        holds.append(cooling_down)
        leaving.append(what_moves)
