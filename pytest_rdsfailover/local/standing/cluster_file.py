"""A file that leads programs to a cluster, there for as long as the cluster stands."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_rdsfailover.local.processes.identity import Identity, own_identity
from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError, SettingError
from pytest_rdsfailover.model.files import check_folder, read_bytes, remove

MARK = re.compile(
    rb"# Written by `rdsfailover` for process (?P<pid>\d+) \((?P<born>[^)\n]*)\), and removed with it\.\n"
)
END = b"# What is written below this line stays.\n"


class ClusterFile:
    """A file of ours; a context manager that removes it, but for lines that a user has added below.

    Args:
        path: the file; one that somebody else has written is not touched.
        flag: the option that names it, for errors.

    Attributes:
        path: the same, whatever the working directory is later.

    Raises:
        SettingError: if the file is not ours to write, or cannot be written.
    """

    def __init__(self, path: Path, flag: str) -> None:
        self.path = path.absolute()
        self._flag, self._block = flag, b""
        self._check_owner()
        if not self.path.parent.is_dir():
            raise SettingError(f"{flag}: there is no directory {self.path.parent}")
        try:
            check_folder(self.path.parent)
        except FileWriteError as error:
            raise SettingError(f"{flag}: {error}; name another place") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        remove_of(own_identity(), self.path)

    def _check_owner(self) -> None:
        if not os.path.lexists(self.path):
            return
        owner = _owner(_read(self.path))
        if owner is None:
            raise SettingError(
                f"{self._flag}: {self.path} was not written by `rdsfailover` and is left as it is; name"
                " another file"
            )
        if owner.lives:
            raise SettingError(
                f"{self._flag}: {self.path} is that of a cluster that stands, kept by process"
                f" {owner.pid}; name another file"
            )

    def write(self, lines: Sequence[str]) -> None:
        """Write the file at one stroke, if it is not as it should be; only this user can read it.

        Raises:
            FileWriteError: if it cannot be written.
            SettingError: if another cluster's came first.
        """
        owner = own_identity()
        if not self._block:
            self._check_owner()
        mark = f"# Written by `rdsfailover` for process {owner.pid} ({owner.born}), and removed with it."
        block = "\n".join((mark, *lines, "")).encode() + END
        if block != self._block:
            _replace(self.path, block + _added(_read(self.path)))
            self._block = block


def remove_of(owner: Identity, path: Path) -> bool:
    """Remove what a process has written into a file, and the file unless a user has added to it.

    Returns:
        Whether there was anything of it.
    """
    text = _read(path)
    if _owner(text) != owner:
        return False
    added = _added(text)
    if not added.strip():
        remove(path)
        return True
    with suppress(FileWriteError):  # somebody has taken the folder's rights away
        _replace(path, added)
    return True


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except ArchiveError:
        return b""


def _owner(text: bytes) -> Identity | None:
    """Return for which process a text was written; None if it is not one of ours."""
    mark = MARK.match(text)
    return mark and Identity(pid=int(mark["pid"]), born=mark["born"].decode("utf-8", "replace"))


def _added(text: bytes) -> bytes:
    """Return what a user has added below ours."""
    return text.partition(END)[2] if MARK.match(text) else b""


def _replace(path: Path, text: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(text)
        draft.rename(path)
    except OSError as error:
        remove(draft)
        raise FileWriteError(path, error) from error
