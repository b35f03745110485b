"""Guards for pages. A view names the capability it needs; the role decides (`accounts.roles`)."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from accounts.roles import Capability


class PortalRequest(HttpRequest):
    """A request behind `requires`: somebody is logged in."""

    user: User
    htmx: HtmxDetails


P = ParamSpec("P")
View = Callable[Concatenate[PortalRequest, P], HttpResponseBase]
GuardedView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def requires(capability: Capability) -> Callable[[View[P]], GuardedView[P]]:
    """Let only people see a page who are logged in and may do this; others log in, or get a 403."""

    def guard(view: View[P]) -> GuardedView[P]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            person = cast(PortalRequest, request)
            if not person.user.can(capability):
                raise PermissionDenied
            return view(person, *args, **kwargs)

        return guarded

    return guard
