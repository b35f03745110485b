from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from agreements import document, wording
        from leads import conditions, extensions, receivers  # noqa: F401
        from leads.agreement_checks import check_definitions
        from leads.selectors import timeline

        document.checks.append(check_definitions)
        wording.condition_words.append(lambda condition: conditions.words([condition]))
        wording.field_names.update({name: field.label for name, field in conditions.LEAD_FIELDS.items()})
        extensions.timeline_sources += [timeline.activity_facts, timeline.stage_facts]
