"""Pages of the REST API."""

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from accounts.rules import whole_number


class NewestFirst(CursorPagination):
    """Cursor pages: stable while rows come in, and as fast on the last page as on the first."""

    ordering = "-id"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises `NotFound` also for a place that is no id, which the base class would ask the database for."""
        cursor: Cursor | None = super().decode_cursor(request)
        place = cursor.position if cursor else None
        if place is not None and whole_number(str(place)) is None:
            raise NotFound(self.invalid_cursor_message)
        return cursor
