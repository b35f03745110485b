"""Django's admin for looking up. People, teams and tokens change under Settings, where the rules are kept."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from accounts.models import ApiToken, Team, User

if TYPE_CHECKING:
    from django.http import HttpRequest

    BaseAdmin = admin.ModelAdmin[Any]
else:
    BaseAdmin = admin.ModelAdmin


class ReadOnly(BaseAdmin):
    def has_add_permission(self, request: "HttpRequest") -> bool:
        return False

    def has_change_permission(self, request: "HttpRequest", obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: "HttpRequest", obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnly):
    list_display = ["name", "email", "role", "team", "is_active", "last_login"]
    list_filter = ["role", "team", "is_active"]
    list_select_related = ["team"]
    search_fields = ["name", "email"]
    exclude = ["password"]


@admin.register(Team)
class TeamAdmin(ReadOnly):
    list_display = ["name", "side", "manager"]
    list_filter = ["side"]
    list_select_related = ["manager"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    list_display = ["name", "token_key", "user", "created", "last_used_at", "expires_on", "revoked_at"]
    list_filter = ["user"]
    list_select_related = ["user"]
    exclude = ["digest", "expiry"]
    readonly_fields = ["expires_on"]
