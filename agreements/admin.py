"""Django's admin for looking up. Agreements change through their services, where the rules are kept."""

from django.contrib import admin

from accounts.admin import ReadOnly
from agreements.models import Agreement, BusinessCalendar, CalendarRevision, Signature, Version


@admin.register(Agreement)
class AgreementAdmin(ReadOnly):
    list_display = ["name", "slug", "is_default", "position", "currency", "calendar"]
    list_select_related = ["calendar"]


@admin.register(Version)
class VersionAdmin(ReadOnly):
    list_display = ["__str__", "state", "title", "created_at", "activated_at", "ended_at", "content_hash"]
    list_filter = ["agreement", "state"]
    list_select_related = ["agreement"]


@admin.register(Signature)
class SignatureAdmin(ReadOnly):
    list_display = ["version", "side", "user", "signed_at", "content_hash"]
    list_filter = ["side"]
    list_select_related = ["version__agreement", "user"]


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(ReadOnly):
    list_display = ["name", "slug"]


@admin.register(CalendarRevision)
class CalendarRevisionAdmin(ReadOnly):
    list_display = ["calendar", "number", "zone", "week", "country", "region", "closed_on", "created_at"]
    list_filter = ["calendar"]
    list_select_related = ["calendar"]
