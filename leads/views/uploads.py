"""Large files on their way to the disk, refused before they fill it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

from leads.importing.kinds import NotCsv
from leads.services.imports import NoRoom, full_disk_told, refuse_large, require_room

FORM_AROUND = 64 * 1024
"""What a request may hold besides its file."""


class StreamToDisk(TemporaryFileUploadHandler):
    """Writes a file to the disk as it comes. What is refused is read to its end, so that the browser hears
    why.
    """

    refusal = ""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        length = int(getattr(self.request, "META", {}).get("CONTENT_LENGTH") or 0)
        with self._refusing():
            refuse_large(length - FORM_AROUND)
            require_room(length)
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        with self._refusing():
            refuse_large(start + len(raw_data))
            require_room(len(raw_data))  # others write to the disk meanwhile
            with full_disk_told():
                self.file.write(raw_data)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """What this block refuses ends the upload, and its words are kept."""
        try:
            yield
        except (NotCsv, NoRoom) as refusal:
            self.refusal = str(refusal)
            raise StopUpload(connection_reset=False) from None
