from django.apps import AppConfig


class NurtureConfig(AppConfig):
    name = "nurture"

    def ready(self) -> None:
        from nurture import receivers  # noqa: F401
        from nurture.vetoes import veto
        from outbox.extensions import vetoes

        vetoes.append(veto)
