"""What no address may hold, whatever page it leads to."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from sla_portal.problems import API, problem

NUL = "\0"


class ReadableAddressMiddleware:
    """Refuse an address with a NUL in it, in words.

    PostgreSQL cannot even be asked for a text with one, so that every page and endpoint that looks something up would
    have to take it out by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return _refuse(request) if _holds_nul(request) else self.get_response(request)


def _holds_nul(request: HttpRequest) -> bool:
    asked = request.GET.lists()
    return NUL in request.path or any(NUL in text for name, values in asked for text in (name, *values))


def _refuse(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API):
        return problem(400, _("The address holds the character NUL, which no text here can hold."))
    return render(request, "400.html", status=400)
