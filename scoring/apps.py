from django.apps import AppConfig


class ScoringConfig(AppConfig):
    name = "scoring"

    def ready(self) -> None:
        from agreements import document
        from leads import extensions
        from scoring import receivers, selectors, views  # noqa: F401
        from scoring.agreement_checks import check_scoring

        document.checks.append(check_scoring)
        extensions.result_fields["score"] = selectors.result_field
        extensions.timeline_sources.append(selectors.score_facts)
        extensions.panels.append(
            extensions.Panel(template="scoring/panel.html", context=views.receipt_panel, order=10)
        )
