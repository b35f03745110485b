"""The different values of an indexed column, without reading every row."""

from django.db import connection, models

from leads.models import Lead

MOST = 200
SKIP = """
    WITH RECURSIVE found AS (
        (SELECT {column} AS value FROM {table} WHERE {column} > '' ORDER BY {column} LIMIT 1)
        UNION ALL
        SELECT (SELECT {column} FROM {table} WHERE {column} > found.value ORDER BY {column} LIMIT 1)
        FROM found WHERE found.value IS NOT NULL
    )
    SELECT value FROM found WHERE value IS NOT NULL LIMIT %s
"""


def sources() -> list[str]:
    """Where leads came from, in alphabetical order."""
    return _values(Lead, "source")


def grades() -> list[str]:
    """The grades that leads have, if anything grades them."""
    scores = getattr(Lead._meta.fields_map.get("score"), "related_model", None)
    return _values(scores, "grade") if scores is not None else []


def _values(model: type[models.Model], field: str) -> list[str]:
    """Jumps from value to value along the index: as many steps as there are values."""
    quote = connection.ops.quote_name
    sql = SKIP.format(column=quote(field), table=quote(model._meta.db_table))
    with connection.cursor() as cursor:
        cursor.execute(sql, [MOST])
        return [value for (value,) in cursor.fetchall()]
