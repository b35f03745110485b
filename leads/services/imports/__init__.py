"""Imports of files: taken in, mapped, rehearsed, worked on, stopped."""

from leads.services.imports.files import (
    MOST_BYTES,
    FileChoices,
    ImportNotOpen,
    findings_of,
    likely_mapping,
    open_file,
    read_again,
    refuse_large,
    take_file,
)
from leads.services.imports.keeping import KEPT_FOR, remove_old_files
from leads.services.imports.rehearsing import Rehearsal, rehearse_rows, rehearse_sample
from leads.services.imports.room import NoRoom, full_disk_told, require_room
from leads.services.imports.running import (
    advance_import,
    advance_next_import,
    choose_columns,
    go_on,
    open_rows,
    row_maker,
    start_import,
    stop_import,
)

__all__ = [
    "KEPT_FOR",
    "MOST_BYTES",
    "FileChoices",
    "ImportNotOpen",
    "NoRoom",
    "Rehearsal",
    "advance_import",
    "advance_next_import",
    "choose_columns",
    "findings_of",
    "full_disk_told",
    "go_on",
    "likely_mapping",
    "open_file",
    "open_rows",
    "read_again",
    "refuse_large",
    "rehearse_rows",
    "rehearse_sample",
    "remove_old_files",
    "require_room",
    "row_maker",
    "start_import",
    "stop_import",
    "take_file",
]
