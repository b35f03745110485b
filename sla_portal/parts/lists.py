"""What a list page keeps in its address: sorting, filters, columns and the page one is on."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, QueryDict

PLACE = ("page", "cursor", "after", "before")
"""Parameters that name a place in the list; they mean nothing once its order or its filters change."""


def sort_header(
    request: HttpRequest,
    key: str,
    label: str,
    default: str = "",
    numeric: bool = False,
    first: str = "ascending",
    param: str = "sort",
) -> dict[str, Any]:
    """A column's head that sorts by `key`, and by `-key` when it already does.

    `default` is the order of a list whose address names none; `first` says which way the first click sorts.
    """
    current = request.GET.get(param, default)
    order = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    opposite = {"ascending": f"-{key}", "descending": key}
    start = key if first == "ascending" else f"-{key}"
    url = changed(request.GET, {param: opposite.get(order, start)}, drop=PLACE)
    return {"label": label, "order": order, "numeric": numeric, "url": url}


def filter_chips(request: HttpRequest, chips: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The filters in force, each with the address that lacks it.

    A chip is `label` ("Owner"), `value` ("Mia"), `param` ("owner") and, where the parameter may be given more
    than once, `raw` (the one value to take away).
    """
    shown = list(chips)
    return {
        "chips": [chip | {"url": _without(request.GET, chip)} for chip in map(dict, shown)],
        "clear_url": changed(request.GET, {}, drop=[*PLACE, *(chip["param"] for chip in shown)]),
    }


def _without(query: QueryDict, chip: Mapping[str, Any]) -> str:
    if "raw" not in chip:
        return changed(query, {}, drop=[*PLACE, chip["param"]])
    kept = [value for value in query.getlist(chip["param"]) if value != str(chip["raw"])]
    return changed(query, {chip["param"]: kept}, drop=PLACE)


def pagination(request: HttpRequest, page: Page[Any], param: str = "page") -> dict[str, Any]:
    """Numbered pages with the ends and the neighbours of this one."""
    paginator = page.paginator
    numbers = paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {
        "page": page,
        "several": paginator.num_pages > 1,
        "links": [
            {
                "label": number,
                "current": number == page.number,
                "url": changed(request.GET, {param: number}) if isinstance(number, int) else "",
            }
            for number in numbers
        ],
        "previous_url": changed(request.GET, {param: page.number - 1}) if page.has_previous() else "",
        "next_url": changed(request.GET, {param: page.number + 1}) if page.has_next() else "",
    }


def keyset_pagination(
    request: HttpRequest, previous: str | None = None, following: str | None = None, param: str = "cursor"
) -> dict[str, Any]:
    """Earlier and later by cursor, for lists that are not counted."""
    return {
        "several": bool(previous or following),
        "previous_url": changed(request.GET, {param: previous}) if previous else "",
        "next_url": changed(request.GET, {param: following}) if following else "",
    }


def table_bar(
    request: HttpRequest,
    count: str = "",
    columns: Iterable[Mapping[str, Any]] = (),
    export_url: str = "",
    param: str = "cols",
) -> dict[str, Any]:
    """The line above a table: its count in words, the choice of columns, the export.

    A column is `key`, `label` and `shown`; chosen ones are in the address as repeated `param`. The export
    keeps the address's filters and order.
    """
    kept = request.GET.copy()
    for name in (*PLACE, param):
        kept.pop(name, None)
    return {
        "count": count,
        "columns": list(columns),
        "param": param,
        "export_url": export_url + changed(request.GET, {}, drop=PLACE) if export_url else "",
        "kept": [(name, value) for name, values in kept.lists() for value in values],
    }


def changed(query: QueryDict, values: Mapping[str, Any], drop: Iterable[str] = ()) -> str:
    """The query string with `values` set and `drop` left out; `?` alone when nothing remains."""
    result = query.copy()
    for name in drop:
        result.pop(name, None)
    for name, value in values.items():
        if isinstance(value, list):
            result.setlist(name, value)
        else:
            result[name] = str(value)
    return f"?{result.urlencode()}"
