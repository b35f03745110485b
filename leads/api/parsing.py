"""The bodies of the bulk endpoints: read whole, validated item by item, by msgspec."""

from typing import IO, Any, TypeVar

import msgspec
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

Body = TypeVar("Body", bound=msgspec.Struct)


class TooLarge(APIException):
    """More than one request may bring."""

    status_code = 413
    default_detail = _("The body is too large; send it in smaller batches.")
    default_code = "too_large"


class RawJson(BaseParser):
    """Hands on the bytes of a JSON body. Raises `TooLarge`."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise TooLarge(
                gettext("The body is larger than %(most)s MB; send it in smaller batches.")
                % {"most": most // 1024**2}
            )
        return bytes(body)


class LeadsBody(msgspec.Struct, forbid_unknown_fields=True):
    leads: list[msgspec.Raw]


class ActivitiesBody(msgspec.Struct, forbid_unknown_fields=True):
    activities: list[msgspec.Raw]


def read_body(request: Request, shape: type[Body]) -> Body:
    """The outer shape; its items stay bytes.

    Raises `ParseError` for what is no JSON, `ValidationError` for another shape.
    """
    body = request.data if isinstance(request.data, bytes) else b""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        [name] = shape.__struct_fields__
        raise ValidationError(
            {name: [gettext("Send {“%(name)s”: […]}. %(error)s") % {"name": name, "error": error}]}
        ) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ParseError(gettext("The body is not valid JSON: %(error)s") % {"error": error}) from None
