"""What the bulk endpoints answer, item by item."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

import msgspec
from django.http import HttpResponse

from leads.extensions import result_fields
from leads.selectors.stages import stages_of
from leads.services import ItemResult, Status


def answer(results: Sequence[Mapping[str, Any]]) -> HttpResponse:
    return HttpResponse(msgspec.json.encode({"results": results}), content_type="application/json")


def present(results: Sequence[ItemResult], *, are_kept: bool) -> list[dict[str, Any]]:
    """The results with what the leads are now. If nothing is kept, call it before that is undone."""
    lead_ids = list({result.lead_id for result in results if result.lead_id is not None})
    stages = stages_of(lead_ids)
    extras = {name: read(lead_ids) for name, read in result_fields.items()} if lead_ids else {}
    unborn: set[int | None] = (
        set() if are_kept else {r.lead_id for r in results if r.status is Status.CREATED}
    )
    return [_present(result, stages, extras, unborn) for result in results]


def _present(
    result: ItemResult,
    stages: Mapping[int, str],
    extras: Mapping[str, Mapping[int, Any]],
    unborn: Set[int | None],
) -> dict[str, Any]:
    lead_id = result.lead_id
    return {
        "index": result.index,
        "status": result.status.value,
        "id": None if lead_id is None or lead_id in unborn else str(lead_id),
        "stage": stages.get(lead_id) if lead_id else None,
        **{name: extras[name].get(lead_id) if lead_id else None for name in result_fields},
        "error": {"field": result.error.field, "reason": result.error.reason} if result.error else None,
    }
