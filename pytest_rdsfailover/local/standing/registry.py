"""Where standing clusters are written down: one file for each, which only its owner can read."""

import json
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock

from pytest_rdsfailover.local.processes.cache import cache_directory
from pytest_rdsfailover.local.processes.identity import Identity, own_identity
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.model.errors import ArchiveError, SettingError, did_you_mean
from pytest_rdsfailover.model.files import read_json, remove
from pytest_rdsfailover.model.typed import NotOfTypeError, typed

FOLDER = "clusters"
KEPT = 86400.0  # seconds for which one that was killed is told
LOCKED_WITHIN = 10.0  # seconds; others hold it for some milliseconds
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_name(name: str) -> str:
    """Return the name of a cluster.

    Raises:
        SettingError: if no cluster can have it.
    """
    if not NAME.fullmatch(name):
        raise SettingError(
            f"a cluster cannot be called {name!r}: write up to 40 letters, digits and . _ -"
        )
    return name


class Registry:
    """This user's standing clusters.

    Raises:
        SettingError: if the directory cannot be written to, is another user's, or can be written to
            by others.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.directory = cache_directory(environ) / FOLDER
        self.directory.mkdir(mode=0o700, exist_ok=True)
        found = self.directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise SettingError(
                f"{self.directory} belongs to another user; set XDG_CACHE_HOME to a directory of"
                " your own"
            )
        if found.st_mode & OTHERS:
            raise SettingError(
                f"others can write to {self.directory}, and so tell you what to end:"
                f" chmod 700 {self.directory}"
            )

    def log(self, name: str) -> Path:
        """Return where a detached cluster writes what it has to say."""
        return self.directory / f"{name}.log"

    @contextmanager
    def claimed(self, name: str) -> Iterator[None]:
        """Keep a name for the block; what a cluster that was killed has left of it is removed.

        Raises:
            SettingError: if a cluster of that name stands.
        """
        with self._locked():
            holder = self._holder(name)
            if holder is not None and holder.lives:
                raise SettingError(
                    f"a cluster {name!r} stands already, kept by process {holder.pid};"
                    f" `rdsfailover down --name {name}` ends it, and --name gives this one another"
                    " name"
                )
            self._forget(name)
            self._forget_old()
            self._write(self._claim(name), asdict(own_identity()))
        try:
            yield
        finally:
            with self._locked():
                if self._holder(name) == own_identity():
                    self._forget(name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let nobody else claim or give up a name within the block, which takes no time."""
        with FileLock(self.directory / "lock", timeout=LOCKED_WITHIN, mode=0o600):
            yield

    def _holder(self, name: str) -> Identity | None:
        """Return which process has claimed a name; None if none has."""
        try:
            return typed(Identity, read_json(self._claim(name)), "the claim")
        except (ArchiveError, NotOfTypeError):
            return None

    def _forget(self, name: str) -> None:
        remove(self._file(name))
        remove(self._claim(name))

    def _forget_old(self) -> None:
        """Remove what clusters that were killed long ago have left, and nobody has asked for since."""
        for name in {*self.names()} - {*self.standing()}:
            holder = self._holder(name)
            with suppress(FileNotFoundError):
                age = time.time() - self._file(name).stat().st_mtime
                if age > KEPT and (holder is None or not holder.lives):
                    self._forget(name)

    def write(self, description: Description) -> None:
        """Write a cluster down, at one stroke; its name is claimed."""
        self._write(self._file(description.name), asdict(description))

    def _write(self, path: Path, plain: object) -> None:
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w") as file:
            json.dump(plain, file)
        draft.rename(path)

    def find(self, name: str) -> Description:
        """Return a standing cluster.

        Raises:
            SettingError: if none of that name stands; what one that was killed has left is removed.
        """
        if name not in self.names():
            others = self.standing()
            known = f" (standing: {', '.join(others)})" if others else ""
            raise SettingError(
                f"no cluster {name!r} stands{did_you_mean(name, others)}{known}; `rdsfailover up"
                f" --name {name}` starts one"
            )
        found = self._read(name)
        if found is None or not found.keeper.lives:
            with self._locked():
                holder = self._holder(name)
                if holder is None or not holder.lives:
                    self._forget(name)
            raise SettingError(
                f"the cluster {name!r} is gone: its process was killed, or this machine was"
                f" restarted; `rdsfailover up --name {name}` starts another"
            )
        return found

    def names(self) -> list[str]:
        """Return the names that are written down, those of killed clusters among them."""
        return sorted(path.stem for path in self.directory.glob("*.json"))

    def standing(self) -> list[str]:
        """Return the names of those that stand."""
        found = ((name, self._read(name)) for name in self.names())
        return [name for name, cluster in found if cluster is not None and cluster.keeper.lives]

    def _read(self, name: str) -> Description | None:
        """Return what is written down; None if it is unreadable or of another version."""
        try:
            return typed(Description, read_json(self._file(name)), "the cluster")
        except (ArchiveError, NotOfTypeError):
            return None

    def _claim(self, name: str) -> Path:
        return self.directory / f"{name}.claim"

    def _file(self, name: str) -> Path:
        return self.directory / f"{name}.json"
