"""A file of variables that leads programs to a cluster, there for as long as the cluster stands."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.local.standing.variables import lines, variables
from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError, SettingError
from pytest_rdsfailover.model.files import read_bytes, remove

MARK = "# Written by `rdsfailover up`, which removes it when its cluster ends."


class EnvFile:
    """Where the variables go.

    Args:
        path: the file; one that somebody else has written is not touched.
        syntax: how it is written.
        endpoint: what `DB_HOST` leads to.

    Raises:
        SettingError: if the file is not ours to write.
    """

    def __init__(self, path: Path, syntax: str, endpoint: str) -> None:
        self._path, self._syntax, self._endpoint = path, syntax, endpoint
        if (path.exists() or path.is_symlink()) and not self._is_ours():
            raise SettingError(
                f"--env-file: {path} was not written by `rdsfailover up` and is left as it is; name"
                " another file"
            )
        if not path.absolute().parent.is_dir():
            raise SettingError(f"--env-file: there is no directory {path.absolute().parent}")

    @contextmanager
    def written(self, description: Description) -> Iterator[None]:
        """Keep the file for the block; only this user can read it.

        Raises:
            FileWriteError: if it cannot be written.
        """
        told = lines(variables(description, self._endpoint), self._syntax)
        text = "\n".join((MARK, *told, ""))
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "w") as file:
                file.write(text)
            draft.rename(self._path)
        except OSError as error:
            remove(draft)
            raise FileWriteError(self._path, error) from error
        try:
            yield
        finally:
            if self._is_ours(text):
                remove(self._path)

    def _is_ours(self, text: str = MARK) -> bool:
        """Tell whether the file begins as one of ours does, or with all of a text."""
        try:
            return read_bytes(self._path).startswith(text.encode())
        except ArchiveError:
            return False
