"""The guard of the REST API: what a user may do (`accounts.roles`), narrowed to the scopes of the token."""

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import SAFE_METHODS, BasePermission

from accounts.models import ApiToken

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class ApiPermission(BasePermission):
    """An API view declares what it needs as `capabilities = {"GET": …, "POST": …}` and, for tokens, `scopes`
    alike, by method or by the name of a view set's action.

    A method without an entry is refused; HEAD and OPTIONS count as GET. A method the view does not have is told so
    (405) instead of refused for want of a right that nobody could be given.
    """

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        user = request.user
        if user is None or not user.is_authenticated:
            return False
        if request.method not in view.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        method = "GET" if request.method in SAFE_METHODS else str(request.method)
        capability = self._needed(view, "capabilities", method)
        if capability is None or not user.can(capability):
            return False
        return (
            not isinstance(request.auth, ApiToken)
            or self._needed(view, "scopes", method) in request.auth.scopes
        )

    @staticmethod
    def _needed(view: "APIView", table: str, method: str) -> Any:
        action = getattr(view, "action", None)
        needed = getattr(view, table, {})
        return needed.get(action, needed.get(method))
