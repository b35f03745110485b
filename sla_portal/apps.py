from django.apps import AppConfig


class SlaPortalConfig(AppConfig):
    name = "sla_portal"
    verbose_name = "SLA portal"
