"""Errors of the REST API as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied
from rest_framework.response import Response
from rest_framework.views import exception_handler

PROBLEM_JSON = "application/problem+json"
API = "/api/"


def problem_details(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer `{"type", "title", "status", "detail"}`, and for invalid input `"errors": [{"field", "reason"}]`."""
    response = exception_handler(exc, context)
    if response is None:
        return None
    error = _as_api_exception(exc)
    body = _body(response.status_code, _first_words(error.detail))
    if isinstance(error, ValidationError):
        body["errors"] = [{"field": field, "reason": reason} for field, reason in _flatten("", error.detail)]
    response.data = body
    response.content_type = PROBLEM_JSON
    return response


def problem(status: int, detail: str) -> JsonResponse:
    """The same for what is refused before an endpoint is asked."""
    return JsonResponse(_body(status, detail), status=status, content_type=PROBLEM_JSON)


def _body(status: int, detail: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }


def _as_api_exception(exc: Exception) -> APIException:
    if isinstance(exc, Http404):
        return NotFound()
    if isinstance(exc, PermissionDenied):
        return ApiPermissionDenied()
    assert isinstance(exc, APIException)
    return exc


def _first_words(detail: Any) -> str:
    return next((reason for _, reason in _flatten("", detail)), "")


def _flatten(field: str, detail: Any) -> list[tuple[str, str]]:
    if isinstance(detail, dict):
        return [
            pair for key, value in detail.items() for pair in _flatten(f"{field}.{key}".lstrip("."), value)
        ]
    if isinstance(detail, list):
        return [pair for value in detail for pair in _flatten(field, value)]
    return [(field, str(detail))]
