"""Where the files of servers may be while a run lasts: in memory, if there is room."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - the run directory in it is new and private
ROOM = 1 << 30  # bytes that must be free there
REMEDY = "set TMPDIR to a directory that can be written to and has room for 300 MB"


def bases() -> list[Path]:
    """Return where run directories may be, the best place first.

    A memory-backed place comes first, because the flushes of a disk look like short outages.
    """
    try:
        disk = Path(tempfile.gettempdir())
    except FileNotFoundError:
        disk = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - its refusal is told with the remedy
    if not _is_memory(MEMORY):
        return [disk]
    return [MEMORY, disk] if shutil.disk_usage(MEMORY).free >= ROOM else [disk, MEMORY]


def _is_memory(path: Path) -> bool:
    with contextlib.suppress(OSError):
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        found = any(mount[1] == str(path) and mount[2] == "tmpfs" for mount in mounts)
        return found and os.access(path, os.W_OK | os.X_OK)
    return False
