"""A file that leads programs to a cluster, there for as long as the cluster stands."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError, SettingError
from pytest_rdsfailover.model.files import check_folder, read_bytes, remove

MARK = "# Written by `rdsfailover`, which removes it when its cluster ends."


class ClusterFile:
    """A file of ours; a context manager that removes it, unless somebody has changed it.

    Args:
        path: the file; one that somebody else has written is not touched.
        flag: the option that names it, for errors.

    Raises:
        SettingError: if the file is not ours to write.
    """

    def __init__(self, path: Path, flag: str) -> None:
        self._path, self._text = path, MARK
        self._next = MARK  # written already, or not yet, when a signal ends us
        if (path.exists() or path.is_symlink()) and not self._is_ours():
            raise SettingError(
                f"{flag}: {path} was not written by `rdsfailover` and is left as it is; name"
                " another file"
            )
        if not path.absolute().parent.is_dir():
            raise SettingError(f"{flag}: there is no directory {path.absolute().parent}")
        try:
            check_folder(path.absolute().parent)
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
        if self._is_ours():
            remove(self._path)

    def write(self, lines: Sequence[str]) -> None:
        """Write the file at one stroke, if it is not as it should be; only this user can read it.

        Raises:
            FileWriteError: if it cannot be written.
        """
        text = "\n".join((MARK, *lines, ""))
        if text == self._text:
            return
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "w") as file:
                file.write(text)
            self._next = text
            draft.rename(self._path)
        except OSError as error:
            remove(draft)
            raise FileWriteError(self._path, error) from error
        self._text = text

    def _is_ours(self) -> bool:
        """Tell whether the file begins with all that we have written, or as all of ours do."""
        try:
            return read_bytes(self._path).startswith((self._text.encode(), self._next.encode()))
        except ArchiveError:
            return False
