from django.apps import AppConfig


class KpisConfig(AppConfig):
    name = "kpis"

    def ready(self) -> None:
        from agreements import document
        from kpis.agreement_checks import check_measures

        document.checks.append(check_measures)
