"""Room on the disk: an import takes what it needs, and never what the servers need to go on."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext

KEPT_FREE = 150 * 2**20
"""What no upload may fill, in bytes: with less, the launcher does not start the servers again."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NoRoom(Exception):
    """The disk cannot hold a file."""

    def __init__(self) -> None:
        super().__init__(gettext("The portal has no room left for this file. Tell an administrator."))


def require_room(size: int) -> None:
    """Raises `NoRoom` if `size` more bytes among the kept files would leave too little for anything else."""
    if shutil.disk_usage(_media()).free < size + KEPT_FREE:
        raise NoRoom


def bytes_to_add(file: object, size: int) -> int:
    """What keeping a file adds to the disk: nothing where it only has to be moved from the same one."""
    came_in_at = getattr(file, "temporary_file_path", None)
    moves = came_in_at is not None and Path(came_in_at()).stat().st_dev == _media().stat().st_dev
    return 0 if moves else size


@contextmanager
def full_disk_told() -> Iterator[None]:
    """A disk that fills up in this block raises `NoRoom`."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise NoRoom from error


def _media() -> Path:
    """Where files are kept, or the first directory above it that is there already."""
    home = Path(settings.MEDIA_ROOT)
    return next(path for path in (home, *home.parents) if path.exists())
