"""Files that belong to a process for as long as it lives, however it ends: the system frees them."""

import contextlib
import fcntl
import os
from pathlib import Path
from weakref import WeakSet

from pytest_rdsfailover.model.files import remove

_owned: "WeakSet[OwnedFile]" = WeakSet()


class OwnedFile:
    """A new file, owned by this process until it releases it or ends.

    A child that this process forks owns it not: it may outlive this process.

    Args:
        path: where to make it; the folder must be there.

    Attributes:
        path: where it is.

    Raises:
        OSError: if it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Under another name first: nobody shall find it before it is owned.
        draft = path.with_name(f".{path.name}.part")
        self._lock: int | None = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _owned.add(self)
            draft.rename(path)
        except BaseException:
            self.release()
            remove(draft)
            raise

    def release(self) -> None:
        """Own it no longer; harmless the second time."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Remove it, and own it no longer."""
        remove(self.path)
        self.release()


def _disown() -> None:
    """Release, in a child, what its parent owns; a lock ends with its last descriptor."""
    for file in list(_owned):
        file.release()


os.register_at_fork(after_in_child=_disown)


def hold(path: Path, flags: int = 0) -> int:
    """Own a file; return the descriptor by which this process does until it ends.

    Args:
        path: the file.
        flags: how else it is opened than for reading and writing.

    Raises:
        OSError: if it cannot be opened, or another process owns it.
    """
    held = os.open(path, os.O_RDWR | flags, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return held


def is_owned(path: Path) -> bool:
    """Tell whether the process that made a file is alive and still owns it."""
    return not _is_free(path, fcntl.LOCK_NB)


def wait_until_free(path: Path) -> None:
    """Wait until the owner of a file has released it or ended; the owner may take for ever."""
    _is_free(path, 0)


def _is_free(path: Path, how: int) -> bool:
    try:
        lock = os.open(path, os.O_RDONLY)
    except OSError:  # removed meanwhile
        return True
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | how)  # shared: who looks is no owner
            return True
        return False
    finally:
        os.close(lock)


def remove_ownerless(directory: Path, files: str) -> None:
    """Remove those files of a directory whose owners have ended.

    Args:
        directory: where they are.
        files: which, as a pattern of names.
    """
    for path in directory.glob(files):
        if not is_owned(path):
            remove(path)
