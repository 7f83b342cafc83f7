"""Where standing clusters are written down: one file for each, which only its owner can read."""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock

from pytest_rdsfailover.local.processes.cache import STATE, state_directory
from pytest_rdsfailover.local.processes.identity import Identity, own_identity
from pytest_rdsfailover.local.standing import last_words
from pytest_rdsfailover.local.standing.cluster_file import remove_of
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.model.errors import ArchiveError, SettingError, did_you_mean
from pytest_rdsfailover.model.files import read_bytes, read_json, remove
from pytest_rdsfailover.model.owned import hold, is_owned
from pytest_rdsfailover.model.typed import NotOfTypeError, typed

FOLDER = "clusters"
SUFFIXES = ("json", "claim", "new")  # of what is there while a cluster stands; a draft may be
LOCKED_WITHIN = 10.0  # seconds; others hold it for some milliseconds
GONE = "the cluster {!r} is gone: its process was killed, or this machine was restarted"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_name(name: str) -> str:
    """Return the name of a cluster.

    Raises:
        SettingError: if no cluster can have it.
    """
    if not NAME.fullmatch(name):
        raise SettingError(
            f"a cluster cannot be called {name!r}: write up to 40 letters, digits and . _ -, and begin"
            " with a letter or a digit"
        )
    return name


class Registry:
    """This user's standing clusters.

    Raises:
        SettingError: if the directory cannot be written to, is another user's, or can be written to
            by others.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.directory = state_directory(environ) / FOLDER
        self.directory.mkdir(mode=0o700, exist_ok=True)
        found = self.directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise SettingError(
                f"{self.directory} belongs to another user; set {STATE} to a directory of your own"
            )
        if found.st_mode & OTHERS:
            raise SettingError(
                f"others can write to {self.directory}, and so tell you what to end:"
                f" chmod 700 {self.directory}"
            )

    def log(self, name: str) -> Path:
        """Return where a detached cluster writes what it has to say."""
        return self._path(name, "log")

    def check_free(self, name: str) -> None:
        """Raise `SettingError` if a cluster of that name stands."""
        if self._is_kept(name):
            holder = self._holder(name)
            raise SettingError(
                f"a cluster {name!r} stands already, kept by process {holder and holder.pid};"
                f" `rdsfailover down --name {name}` ends it, and --name gives this one another name"
            )

    @contextmanager
    def claimed(self, name: str) -> Iterator[None]:
        """Keep a name for the block; what a cluster that was killed has left of it is removed.

        Raises:
            SettingError: if a cluster of that name stands.
        """
        with self._locked():
            self.check_free(name)
            self._forget(name)
            self._write(self._claim(name), asdict(own_identity()))
            held = hold(self._claim(name))
        try:
            yield
        finally:
            with self._locked():
                if self._holder(name) == own_identity():
                    self._forget(name)
            os.close(held)

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

    def _is_kept(self, name: str) -> bool:
        """Tell whether a keeper lives, be it on another machine or in a container with the same files."""
        holder, found = self._holder(name), self._read(name)
        keepers = [holder, None if found is None else found.keeper]
        return is_owned(self._claim(name)) or any(keeper and keeper.lives for keeper in keepers)

    def _forget(self, name: str) -> list[Path]:
        """Remove what is written down of a cluster that does not stand; return other files of its."""
        found = self._read(name)
        files = [Path(path) for path in (found.files if found is not None else ())]
        others = [path for path in files if found is not None and remove_of(found.keeper, path)]
        for suffix in SUFFIXES:
            remove(self._path(name, suffix))
        return others

    def swept(self) -> list[str]:
        """Remove what clusters have left that were killed or have failed; return a sentence for each."""
        with self._locked():
            return [*self._killed(), *self._failed()]

    def _killed(self) -> Iterator[str]:
        """Forget those that were killed."""
        for name in self.kept():
            if not self._is_kept(name):
                others = "".join(f", {path}" for path in self._forget(name))
                yield GONE.format(name) + f"; what it had written down{others} is removed"

    def _failed(self) -> Iterator[str]:
        """Forget what detached ones have said that have ended; killed ones are forgotten already."""
        for path in sorted(self._all("log")):
            if not is_owned(path):
                said = last_words.told(read_bytes(path).decode("utf-8", "replace"))
                remove(path)
                if said:
                    yield f"the detached cluster {path.stem!r} {said}"

    def _all(self, suffix: str) -> Iterator[Path]:
        found = self.directory.glob(f"*.{suffix}")
        return (path for path in found if NAME.fullmatch(path.stem))

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
        found = self._read(name)
        if found is not None and found.keeper.lives:
            return found
        with self._locked():
            if self._is_kept(name):
                raise SettingError(self._why_not_found(name))
            if name in self.names():
                self._forget(name)
                raise SettingError(
                    GONE.format(name) + f"; `rdsfailover up --name {name}` starts another"
                )
        others = self.standing()
        known = f" (standing: {', '.join(others)})" if others else ""
        raise SettingError(
            f"no cluster {name!r} stands{did_you_mean(name, others)}{known}; `rdsfailover up"
            f" --name {name}` starts one"
        )

    def _why_not_found(self, name: str) -> str:
        """Return why a cluster that has a keeper cannot be used."""
        holder = self._holder(name)
        if holder is None or not holder.lives:
            return f"the cluster {name!r} is kept on another machine or in a container; use it from there"
        if name in self.names():
            why = "was started by another version of rdsfailover, or its file was changed"
        else:
            why = f"is still starting (process {holder.pid})"
        return f"the cluster {name!r} {why}; `rdsfailover down --name {name}` ends it"

    def keeper(self, name: str) -> Identity:
        """Return the process that keeps a cluster, be it one that is only starting.

        Raises:
            SettingError: if there is none.
        """
        holder = self._holder(name)
        return holder if holder is not None and holder.lives else self.find(name).keeper

    def kept(self) -> list[str]:
        """Return the names that somebody has claimed, or that are written down."""
        return sorted({path.stem for suffix in SUFFIXES for path in self._all(suffix)})

    def names(self) -> list[str]:
        """Return the names that are written down, those of killed clusters among them."""
        return sorted(path.stem for path in self._all("json"))

    def standing(self) -> list[str]:
        """Return the names of those that stand."""
        found = ((name, self._read(name)) for name in self.names())
        return [name for name, cluster in found if cluster is not None and cluster.keeper.lives]

    def _read(self, name: str) -> Description | None:
        """Return what is written down; None if it is of another version, or was changed by hand."""
        try:
            found = typed(Description, read_json(self._file(name)), "the cluster")
        except (ArchiveError, NotOfTypeError):
            return None
        return found if found.name == name and found.is_whole else None

    def _claim(self, name: str) -> Path:
        return self._path(name, "claim")

    def _file(self, name: str) -> Path:
        return self._path(name, "json")

    def _path(self, name: str, suffix: str) -> Path:
        return self.directory / f"{check_name(name)}.{suffix}"
