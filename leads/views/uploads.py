"""Large files on their way to the disk, refused before they fill it."""

import errno
from typing import Any

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.utils.translation import gettext as _

from leads.importing.kinds import NotCsv
from leads.services.imports import refuse_large

FORM_AROUND = 64 * 1024
"""What a request may hold besides its file."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StreamToDisk(TemporaryFileUploadHandler):
    """Writes a file to the disk as it comes. What is refused is read to its end, so that the browser hears
    why.
    """

    refusal = ""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        length = int(getattr(self.request, "META", {}).get("CONTENT_LENGTH") or 0)
        self._refuse_large(length - FORM_AROUND)
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._refuse_large(start + len(raw_data))
        try:
            self.file.write(raw_data)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self._refuse(_("The portal has no room left for this file. Tell an administrator."))

    def _refuse_large(self, size: int) -> None:
        try:
            refuse_large(size)
        except NotCsv as refusal:
            self._refuse(str(refusal))

    def _refuse(self, words: str) -> None:
        self.refusal = words
        raise StopUpload(connection_reset=False)
