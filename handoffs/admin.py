"""Facts to look at, for administrators. Nothing is written past the services."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from handoffs.models import Attempt, Breach, Deadline, Handoff, HandoffEvent, Pool, PoolMember, TimeOff


class ReadOnly(admin.ModelAdmin[Any]):
    """Everything may be looked at, nothing changed."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Handoff)
class HandoffAdmin(ReadOnly):
    list_display = ["id", "lead", "state", "owner", "pool", "trigger_key", "created_at", "ended_at"]
    list_filter = ["state", "urgent", "pool"]
    list_select_related = ["lead", "owner", "pool"]
    search_fields = ["lead__email"]


@admin.register(Deadline)
class DeadlineAdmin(ReadOnly):
    list_display = ["id", "handoff", "kind", "step", "owner", "due_at", "next_action_at", "outcome"]
    list_filter = ["kind", "outcome"]
    list_select_related = ["handoff", "owner"]


@admin.register(Breach)
class BreachAdmin(ReadOnly):
    list_display = ["id", "handoff", "kind", "owner", "team", "due_at", "recorded_at"]
    list_filter = ["kind", "team"]
    list_select_related = ["handoff", "owner", "team"]


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    list_display = ["id", "handoff", "number", "user", "channel", "outcome", "at"]
    list_filter = ["channel", "outcome"]
    list_select_related = ["handoff", "user"]


@admin.register(HandoffEvent)
class HandoffEventAdmin(ReadOnly):
    list_display = ["id", "handoff", "kind", "at", "actor", "clause_key"]
    list_filter = ["kind"]
    list_select_related = ["handoff", "actor"]


@admin.register(Pool)
class PoolAdmin(ReadOnly):
    list_display = ["slug", "name", "manager", "calendar"]
    list_select_related = ["manager", "calendar"]


@admin.register(PoolMember)
class PoolMemberAdmin(ReadOnly):
    list_display = ["pool", "user", "weight", "capacity", "is_active", "credit"]
    list_select_related = ["pool", "user"]


@admin.register(TimeOff)
class TimeOffAdmin(ReadOnly):
    list_display = ["user", "starts_at", "ends_at", "reason"]
    list_select_related = ["user"]
