"""Model fields of the agreement's own value types."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from agreements.spans import Span, SpanError


class SpanField(models.CharField[Any, Any]):
    """A `Span` kept as the words people write: "4 business hours"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str | None, *_: object) -> Span | None:
        return Span.parse(value) if value else None

    def to_python(self, value: Any) -> Span | None:
        if isinstance(value, Span) or value in (None, ""):
            return value or None
        try:
            return Span.parse(value)
        except SpanError as error:
            raise ValidationError(str(error)) from error

    def get_prep_value(self, value: Any) -> str | None:
        return str(self.to_python(value)) if value else None

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        value = self.to_python(value)
        if value is None and not self.null:
            raise ValidationError(self.error_messages["null"], code="null")
        return value
