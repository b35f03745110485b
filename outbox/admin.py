"""Django's admin for looking up what was told, to whom, and what is stuck."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from outbox.models import Message

if TYPE_CHECKING:
    from django.http import HttpRequest

    BaseAdmin = admin.ModelAdmin[Any]
else:
    BaseAdmin = admin.ModelAdmin


@admin.register(Message)
class MessageAdmin(BaseAdmin):
    list_display = ["kind", "channel", "user", "state", "attempts", "created_at", "sent_at"]
    list_filter = ["state", "channel", "kind"]
    list_select_related = ["user"]
    show_full_result_count = False

    def has_add_permission(self, request: "HttpRequest") -> bool:
        return False

    def has_change_permission(self, request: "HttpRequest", obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: "HttpRequest", obj: Any = None) -> bool:
        return False
