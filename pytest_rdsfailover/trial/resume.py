"""The finished trials of a population, kept in a file until the last one is done.

One JSON line each, written as a trial ends, so that an interruption loses the running one only.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from pytest_rdsfailover.analysis.population import SampleDocument
from pytest_rdsfailover.model.files import remove

SUFFIX = ".trials.jsonl"
KEPT = 7 * 24 * 3600.0  # seconds; nobody resumes what is older


class Finished(TypedDict):
    """A trial that is done: its sample, and what its test has noted of it."""

    sample: SampleDocument
    entry: Any


class Store:
    """The file of one population; a disk that is full or read-only keeps nothing, and costs nothing.

    Args:
        directory: where such files are kept.
        key: what decides the trials; those of another key are not these.
    """

    def __init__(self, directory: Path, key: Mapping[str, Any]) -> None:
        text = json.dumps(key, sort_keys=True)
        self._header = json.dumps({"key": key})
        self.path = directory / (hashlib.sha256(text.encode()).hexdigest()[:24] + SUFFIX)

    def load(self) -> list[Finished]:
        """Return the trials that are kept; none if there is no such file, or no such key."""
        lines = _lines(self.path)
        return lines[1:] if lines and lines[0] == json.loads(self._header) else []

    def begin(self, kept: list[Finished]) -> None:
        """Start the file anew, with trials to keep."""
        lines = [self._header, *map(json.dumps, kept)]
        with contextlib.suppress(OSError):
            self.path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def append(self, trial: Finished) -> None:
        """Keep one more trial."""
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(trial) + "\n")

    def discard(self) -> None:
        """Forget them: all are done."""
        remove(self.path)


def latest_seed(directory: Path | None) -> int | None:
    """Return the seed of the population that was interrupted last; None if none was."""
    if directory is None:
        return None
    for path in sorted(directory.glob(f"*{SUFFIX}"), key=_age):
        lines = _lines(path)
        if lines:
            return int(lines[0]["key"]["seed"])
    return None


def prune(directory: Path, files: str = f"*{SUFFIX}") -> None:
    """Remove files of interrupted runs that are so old that nobody needs them any more."""
    for path in directory.glob(files):
        if _age(path) > KEPT:
            remove(path)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # another run has just finished
        return 0.0


def _lines(path: Path) -> list[Any]:
    """Return the complete lines of a file: a process that is killed may leave half a line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    complete = text[: text.rfind("\n") + 1]
    found = []
    for line in complete.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found
