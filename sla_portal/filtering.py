"""Lists are narrowed by what the address says; a filter left empty narrows nothing."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView


class Filtering(DjangoFilterBackend):  # type: ignore[misc]
    """Without it `?lead=7&state=` is an error where several values may be given, and none elsewhere."""

    def get_filterset_kwargs(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> dict[str, Any]:
        data = request.query_params.copy()
        for name, values in request.query_params.lists():
            data.setlist(name, [value for value in values if value])
        return {"data": data, "queryset": queryset, "request": request}
