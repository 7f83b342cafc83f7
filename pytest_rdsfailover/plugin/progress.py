"""Shows each trial as it ends, with and without pytest-xdist, and saves those of a dead worker.

A worker of pytest-xdist has no terminal: it appends to a file that the controller reads.
"""

import contextlib
import json
import os
import threading
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

import pytest

from pytest_rdsfailover.model.files import append, parsed_json
from pytest_rdsfailover.model.owned import OwnedFile, remove_ownerless
from pytest_rdsfailover.plugin.run import ATTRIBUTE, ORDER

TOLD = "rds_progress"  # among what a controller tells its workers
FILES = "progress-*.jsonl"
EVERY = 0.2  # seconds between two looks at the file
if TYPE_CHECKING:
    from pytest_rdsfailover.analysis.population import Sample
    from pytest_rdsfailover.plugin.measured import MeasuredTrial

PROGRESS = pytest.StashKey["LiveProgress"]()
NAME = 28  # columns of a test's name


class Word(TypedDict, total=False):
    """What a worker writes: a line to show, or a trial that it has finished and its test.

    Attributes:
        line: how the latest trial of a test went.
        test: the test's node id.
        entry: the trial.
    """

    line: str
    test: str
    entry: "MeasuredTrial"


class LiveProgress:
    """Live progress of repeated trials, on a worker or on the controller.

    Args:
        config: pytest's.
        directory: returns where a file may be kept while the run lasts; None if nowhere.
    """

    def __init__(self, config: pytest.Config, directory: Callable[[], Path | None]) -> None:
        self._config, self._directory = config, directory
        told = getattr(config, "workerinput", {}).get(TOLD)
        self._file = None if told is None else Path(told)
        self._owned: OwnedFile | None = None
        self._is_worker = hasattr(config, "workerinput")
        self._read = 0
        self._entries: dict[str, list[MeasuredTrial]] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def keep(self, item: pytest.Item, entry: "MeasuredTrial") -> None:
        """Let the controller know a finished trial, should this worker die before its test ends."""
        numbered: MeasuredTrial = {**entry, "order": item.stash.get(ORDER, 0)}
        self._send({"test": item.nodeid, "entry": numbered})

    def tell(self, item: pytest.Item, planned: int, samples: Sequence["Sample"]) -> None:
        """Show the latest of a test's trials, or let the controller show it."""
        line = progress_line(item.name, planned, samples)
        if self._is_worker:
            self._send({"line": f"[{os.environ.get('PYTEST_XDIST_WORKER', '')}] {line}"})
        else:
            self._show(line)

    def _send(self, word: Word) -> None:
        """Write a word for the controller; a worker on another machine cannot."""
        if self._is_worker and self._file is not None:
            # In one call, so that the words of several workers do not mix. On a line of its own, so
            # that half a word, left by a full disk or a killed worker, spoils no other.
            data = f"\n{json.dumps(word)}\n".encode()
            with contextlib.suppress(OSError):
                append(self._file, data)

    def _show(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or reporter.verbosity < 0:
            return
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        with contextlib.ExitStack() as stack:
            if capture is not None:
                stack.enter_context(capture.global_and_fixture_disabled())
            _write(reporter, line)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to write, and begin to read there."""
        directory = self._directory()
        if directory is None:
            return
        if self._file is None:
            remove_ownerless(directory, FILES)
            try:
                self._owned = OwnedFile(directory / FILES.replace("*", uuid.uuid4().hex))
            except OSError:  # a read-only disk: results come with each test's end all the same
                return
            self._file = self._owned.path
            self._thread = threading.Thread(target=self._follow, name="rds-progress", daemon=True)
            self._thread.start()
        node.workerinput[TOLD] = str(self._file)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, None, None]:
        """Keep progress and results apart, and give a dead worker's test the trials it finished."""
        with self._lock:
            if self._thread is not None:
                self._drain()
                self._recover(report)
            return (yield)

    def pytest_unconfigure(self) -> None:
        """Stop reading and remove the file."""
        if self._thread is not None:
            self._over.set()
            self._thread.join()
        if self._owned is not None:
            self._owned.remove()
        if not self._is_worker and (where := self._directory()) is not None:
            remove_ownerless(where, FILES)

    def _follow(self) -> None:
        while not self._over.wait(EVERY):
            with self._lock:
                self._drain()

    def _drain(self) -> None:
        """Show what the workers wrote since the last time."""
        if self._file is None:
            return
        with contextlib.suppress(OSError), self._file.open("rb") as file:
            file.seek(self._read)
            text = file.read()
            complete = text[: text.rfind(b"\n") + 1]
            self._read += len(complete)
            for word in _words(complete):
                self._hear(word)

    def _hear(self, word: Word) -> None:
        if "entry" in word:
            self._entries.setdefault(word["test"], []).append(word["entry"])
            return
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and reporter.verbosity >= 0:
            _write(reporter, word["line"])

    def unreported(self) -> list["MeasuredTrial"]:
        """Return what workers have finished of tests that never came to their end."""
        with self._lock:
            self._drain()
            return [entry for entries in self._entries.values() for entry in entries]

    def _recover(self, report: pytest.TestReport) -> None:
        """Attach what a test had measured if its worker died before it could."""
        if report.when == "setup":  # what is known by now may be of its call, which has begun
            return
        found = self._entries.pop(report.nodeid, [])
        if found and report.when not in {"setup", "call", "teardown"}:
            setattr(report, ATTRIBUTE, found)
            report.sections.append(
                ("failover trials", f"{len(found)} trials were finished and are reported below")
            )


def _words(text: bytes) -> Iterator[Word]:
    """Yield the words on complete lines; a line that is no word, or half of one, is left out."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            word = parsed_json(line)
            if isinstance(word, dict) and (
                isinstance(word.get("line"), str)
                or (isinstance(word.get("test"), str) and isinstance(word.get("entry"), dict))
            ):
                yield cast("Word", word)


def _write(reporter: Any, line: str) -> None:
    reporter.ensure_newline()
    reporter.write_line(line)


def progress_line(test: str, planned: int, samples: Sequence["Sample"]) -> str:
    """Return what the latest of a test's trials was, and what all so far say."""
    from pytest_rdsfailover.analysis.population import population_of
    from pytest_rdsfailover.report.named_rows import fit
    from pytest_rdsfailover.report.tables import typical

    latest, found = samples[-1], population_of(samples)
    lost = latest.figures.get("lost")
    state = f"down {latest.downtime}" if latest.measured else "unreliable"
    state = state if latest.valid else "INVALID"
    losses = "" if not lost else f", {lost:.0f} LOST"
    name = fit(test, -min(len(test), NAME))
    return f"{name} {len(samples)}/{planned}: {state}{losses}; median {typical(found.median)}"
