"""What decides a trial: all of it, so that trials of another key never count as these."""

import functools
import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pytest_rdsfailover.trial.fingerprints import HASHED, UNKNOWN

MOST_SHOWN = 60  # characters of a part that has changed
CODE = "code"
Parts = Mapping[str, object]  # what decides a trial, by names; only ever compared and shown


@dataclass(frozen=True, slots=True)
class ProjectCode:
    """The Python files that a test may depend on: those that are loaded and not installed.

    They may lie outside of the project's folder: its application beside its tests, or a package that
    is worked on and whose version tells nothing.

    Attributes:
        root: the project's folder, to which their paths are relative.
        others: files that do not count, such as those of other tests.
        more: loaded files that no module may lead to: of two `conftest.py` one hides the other.
    """

    root: Path
    others: frozenset[Path] = frozenset()
    more: frozenset[Path] = frozenset()

    def hashes(self) -> dict[str, str]:
        """Return a hash of each file, by its path from the project."""
        return {name: self.hash_of(name) for name in sorted(self._names())}

    def hash_of(self, name: str) -> str:
        """Return the hash of a file as this process first saw it; empty if there is none."""
        return _hash_of(Path(os.path.normpath(self.root / name)))

    def _names(self) -> Iterator[str]:
        loaded = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        others = {str(path) for path in self.others}
        for file in {file for file in loaded if file} | {str(path) for path in self.more}:
            if file not in others and not _is_installed(file):
                yield Path(os.path.relpath(file, self.root)).as_posix()


PLACES = tuple({f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "scripts")})


def _is_installed(file: str) -> bool:
    """Tell whether a file belongs to Python or to a package, whose version tells what it does."""
    return file.startswith(PLACES) or f"-packages{os.sep}" in file


@functools.cache
def _hash_of(path: Path) -> str:
    try:
        return HASHED + hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class TrialKey:
    """What decides the trials of a population.

    Attributes:
        parts: each by its name: plain values, or hashes of what may be secret or long.
        code: the project's own.
    """

    parts: Parts
    code: ProjectCode

    def plain(self) -> Parts:
        """Return it as JSON can say it."""
        plain: Parts = json.loads(json.dumps({**self.parts, CODE: self.code.hashes()}, default=str))
        return plain

    def changes_since(self, before: Parts) -> str:
        """Return which parts have changed since a key was kept as `plain` says; empty if none has."""
        # Which files are loaded depends on the tests that ran before; those of then must be the same.
        files = cast("Mapping[str, str]", before.get(CODE, {}))
        code = {name: self.code.hash_of(name) for name in files}
        return ", ".join(_changes(before, {**self.plain(), CODE: code}))


def _changes(before: Parts, after: Parts, within: str = "") -> Iterator[str]:
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _changes(was, now, f"{within}{name} ")
        elif was != now:
            yield f"{within}{name} {_change(was, now)}"


def _change(was: object, now: object) -> str:
    if str(now).startswith(UNKNOWN):
        return "has no source to tell by"
    if any(str(text).startswith(HASHED) for text in (was, now)):
        return "has changed"
    return f"was {_shown(was)} and is {_shown(now)}"


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
