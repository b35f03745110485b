"""The viewer's clock and language for every page."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


class ViewerMiddleware:
    """Show times in the viewer's zone and words in the viewer's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with timezone.override(ZoneInfo(request.user.time_zone)), translation.override(request.user.language):
            request.LANGUAGE_CODE = translation.get_language() or "en"
            return self.get_response(request)
