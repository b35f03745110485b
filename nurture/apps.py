from django.apps import AppConfig


class NurtureConfig(AppConfig):
    name = "nurture"

    def ready(self) -> None:
        from leads.extensions import panels, timeline_sources
        from nurture import receivers  # noqa: F401
        from nurture.panels import NURTURE_PANEL
        from nurture.selectors.leads import nurture_facts
        from nurture.vetoes import veto
        from outbox.extensions import vetoes

        vetoes.append(veto)
        panels.append(NURTURE_PANEL)
        timeline_sources.append(nurture_facts)
