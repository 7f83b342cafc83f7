"""What is left of a trial whose process was killed: a directory that a finished trial removes.

`about.json` says which trial it is and what was known of it at the last look; `*.events` are what
the writers of each process did, up to the very last event (`events.py`). A process holds `lock`
while it works on the trial. The system releases it when the process ends, however it ends; a
process id would not do, because another process may have it by then. `told` is there once the user
was told of a trial that was cut short.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypedDict

from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.journal.archive import Label
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.journal import EVENTS, SKIPS, Journal
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError
from pytest_rdsfailover.model.files import read_json, remove
from pytest_rdsfailover.model.owned import OwnedFile, is_owned
from pytest_rdsfailover.model.typed import typed

FORMAT, VERSION = "rdsfailover-unfinished", 1
SUFFIX = ".unfinished"
ABOUT, LOCK, TOLD = "about.json", "lock", "told"
KEPT = 7 * 24 * 3600.0  # seconds; older directories are removed


MOST_WRITERS = 100_000  # that a directory may speak of


class About(TypedDict):
    """What `about.json` says.

    Attributes:
        format: that of such files.
        version: of that format.
        run: the trial's own prefix.
        writers: how many there are.
        trial: which trial it is.
        course: what was known of it at the last look; None before its load began.
    """

    format: str
    version: int
    run: str
    writers: int
    trial: Label
    course: Course | None


class Remains:
    """The directory of a trial that is running.

    Args:
        directory: where to make it.
        label: which trial it is of.
        run: the trial's own prefix.
        writers: how many there are.

    Attributes:
        path: the directory.

    Raises:
        OSError: if it cannot be made; FileWriteError if it cannot be filled.
    """

    def __init__(self, directory: Path, label: Label, run: str, writers: int) -> None:
        name = archive.file_name(label.test, run).removesuffix(archive.SUFFIX)
        self.path = directory / f"{name}{SUFFIX}"
        self._about = About(
            format=FORMAT, version=VERSION, run=run, writers=writers, trial=label, course=None
        )
        self.path.mkdir(parents=True)
        self._lock: OwnedFile | None = None
        try:
            self._lock = OwnedFile(self.path / LOCK)
            self._write(None)
        except BaseException:
            self.discard()
            raise

    def events(self, process: int) -> Path:
        """Return where a process of the load stores its events."""
        return self.path / f"{process}{EVENTS}"

    def keep(self, course: Course) -> None:
        """Write down what is known by now.

        Raises:
            FileWriteError: if there is no room for it; what was known before stays.
        """
        self._write(course)

    def _write(self, course: Course | None) -> None:
        place, draft = self.path / ABOUT, self.path / f"{ABOUT}.part"
        about: About = {**self._about, "course": course}
        try:
            draft.write_text(json.dumps(about, default=asdict), encoding="utf-8")
            draft.replace(place)
        except OSError as error:
            remove(draft)
            raise FileWriteError(place, error) from error

    def discard(self) -> None:
        """Remove the directory: the trial is over, or never began. Harmless the second time."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._unlock()

    def leave(self, error: BaseException) -> None:
        """Keep the directory, and name it in the error that kept the trial from being judged."""
        error.add_note(f"what the writers did until then: rdsfailover judge {self.path}")
        mark_told(self.path)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()


def read(path: Path) -> tuple[Evidence, Label]:
    """Return the trial that a directory holds, up to where it was cut short.

    Raises:
        ArchiveError: if it holds none, or one whose load had not begun.
    """
    try:
        about = read_json(path / ABOUT)
        _check(about)
        run, writers = (
            typed(str, about["run"], "its run"),
            typed(int, about["writers"], "its writers"),
        )
        journal = Journal.read(run, writers, path)
        course = typed(Course | None, about["course"], "its course")  # type: ignore[arg-type]
        label = typed(Label, about["trial"], "its trial")
    except OSError as error:
        raise ArchiveError(str(path), f"cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise ArchiveError(str(path), f"is no unfinished trial: {error}") from error
    if course is None or not len(journal):
        raise ArchiveError(str(path), "was cut short before anything was written")
    return Evidence(journal=journal, course=_cut(course, journal), stored=None), label


def _check(about: Any) -> None:
    if (about["format"], about["version"]) != (FORMAT, VERSION):
        raise ValueError(f"it is {ascii(about['format'])[:40]} {ascii(about['version'])[:40]}")
    if about["writers"] > MOST_WRITERS:
        raise ValueError(f"it speaks of {ascii(about['writers'])[:40]} writers")


def _cut(course: Course, journal: Journal) -> Course:
    """Return the course of a trial that was cut short, up to its last event or the last look."""
    ends = (events.finished for writer in journal.writers for events in writer.sorts[:SKIPS])
    stop = max(course.start, course.stop, to_seconds(max(map(_latest, ends))))
    since, word = (course.start, "start") if course.trigger is None else (course.trigger, "trigger")
    reason = (
        f"it was cut short {format_duration(max(0.0, stop - since))} after its {word}: nothing was"
        " read back, so lost and duplicated writes are undecided, and nobody knows what followed"
    )
    return replace(course, stop=stop, cut_short=reason)


def _latest(times: Sequence[int]) -> int:
    return max(times, default=0)


def cut_short(directory: Path) -> list[Path]:
    """Return the trials in a directory that were cut short: no process works on them any more."""
    found = (path for path in sorted(directory.glob(f"*{SUFFIX}")) if (path / ABOUT).exists())
    return [path for path in found if not is_running(path)]


def is_running(path: Path) -> bool:
    """Tell whether the process that made a directory still works on its trial."""
    return is_owned(path / LOCK)


def untold(directory: Path) -> list[Path]:
    """Return the trials in a directory that were cut short and of which nobody was told yet."""
    return [path for path in cut_short(directory) if not (path / TOLD).exists()]


def mark_told(path: Path) -> None:
    """Note that the user was told of a trial that was cut short, if that can be noted."""
    with contextlib.suppress(OSError):
        (path / TOLD).touch()


def forget(directory: Path, seed: int, tests: Collection[str], before: float) -> None:
    """Remove what trials have left of a run that was taken up and is done.

    Args:
        directory: where they may have left it.
        seed: the run's.
        tests: which tests' trials.
        before: when the run began that took it up; what lies there since, and does not say what it
            is, was left by a process that was killed as it made or removed it.
    """
    for path in directory.glob(f"*{SUFFIX}"):
        if not (path / ABOUT).exists() and _touched(path, before) < before and not is_running(path):
            shutil.rmtree(path, ignore_errors=True)
    for path in cut_short(directory):
        try:
            label = typed(Label, read_json(path / ABOUT)["trial"], "its trial")
        except (ArchiveError, ValueError, KeyError, TypeError):
            continue
        if label.seed == seed and label.test in tests:
            shutil.rmtree(path, ignore_errors=True)


def prune(directory: Path, now: float | None = None) -> None:
    """Remove from our cache what trials have left there more than a week ago."""
    now = time.time() if now is None else now
    for path in directory.glob(f"*{SUFFIX}"):
        # The age first: to look for its owner could keep a trial that begins from becoming that.
        if now - _touched(path, now) > KEPT and not is_running(path):
            shutil.rmtree(path, ignore_errors=True)


def _touched(path: Path, now: float) -> float:
    """Return when a directory was last changed; *now* if its trial has just ended and it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return now
