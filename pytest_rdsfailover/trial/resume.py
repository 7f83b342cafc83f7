"""The finished trials of a run's populations, kept in a file until the run has reported.

A run has a file of its own, and owns it while it lives; its workers write there, too, and nobody
else does. A later run only reads it, once it belongs to nobody. One JSON line each, written as a
trial ends, so that an interruption loses the running one only.
"""

import contextlib
import json
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, cast

from pytest_rdsfailover.analysis.population import SampleDocument
from pytest_rdsfailover.model.errors import FileWriteError
from pytest_rdsfailover.model.files import append, parsed_json, remove, write_bytes
from pytest_rdsfailover.model.owned import OwnedFile, is_owned
from pytest_rdsfailover.trial.key import Parts, TrialKey

SUFFIX = ".trials.jsonl"
FORMAT = 2
KEPT = 7 * 24 * 3600.0  # seconds; nobody resumes what is older


class PopulationName(NamedTuple):
    """Which population of a run a trial belongs to.

    Attributes:
        test: the node id of its test.
        place: its number among the populations of that test, from 1.
    """

    test: str
    place: int


class Header(TypedDict, total=False):
    """The first line of a file."""

    format: int
    seed: int


class Finished(TypedDict):
    """A trial that is done.

    Attributes:
        number: its own in its population, from 1.
        sample: what it contributes; None if its test failed with it.
        entry: what its test has noted of it.
        verdict: with which words its test failed; empty if it did not.
    """

    number: int
    sample: SampleDocument | None
    entry: object
    verdict: str


@dataclass(slots=True)
class KeptPopulation:
    """What a file holds of one population.

    Attributes:
        key: what decides its trials.
        trials: those that are done, by number.
    """

    key: Parts
    trials: dict[int, Finished] = field(default_factory=dict)


@dataclass(slots=True)
class KeptRun:
    """What a file holds.

    Attributes:
        seed: the run's.
        populations: of which a trial was at least begun.
    """

    seed: int
    populations: dict[PopulationName, KeptPopulation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What interrupted runs have left of one population.

    Attributes:
        trials: those that count, by number.
        changed: why others do not: which part of what decides them has changed.
    """

    trials: Mapping[int, Finished]
    changed: str = ""


class Store:
    """A run's file; a disk that is full or read-only keeps nothing, and costs nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, population: PopulationName, key: Parts) -> None:
        """Keep a population from its first trial on; what was kept of it before is void."""
        self._write({"population": population, "key": key})

    def append(self, population: PopulationName, trial: Finished) -> None:
        """Keep one more of its trials."""
        self._write({"population": population, "trial": trial})

    def _write(self, line: Mapping[str, object]) -> None:
        # In one call, so that the lines of several workers do not mix; on a line of its own, so that
        # half a line of a killed worker spoils no other.
        data = f"\n{json.dumps(line)}\n".encode()
        with contextlib.suppress(OSError):
            append(self.path, data)


class KeptTrials:
    """The finished trials of one population: those that count of interrupted runs, and its own.

    Args:
        store: the run's file; None if nothing can be kept.
        population: which one.
        key: what decides its trials.
        recalled: what interrupted runs have finished of it, by number.
    """

    def __init__(
        self,
        store: Store | None,
        population: PopulationName,
        key: TrialKey,
        recalled: Mapping[int, Finished],
    ) -> None:
        self._store, self._population, self.recalled = store, population, recalled
        if store is not None:
            store.begin(population, key.plain())

    def append(self, trial: Finished) -> None:
        """Keep one more until the run has reported."""
        if self._store is not None:
            self._store.append(self._population, trial)


def begin_run(directory: Path, seed: int) -> OwnedFile:
    """Make the file of a run that begins.

    Raises:
        OSError: if it cannot be made.
    """
    file = OwnedFile(directory / f"{uuid.uuid4().hex}{SUFFIX}")
    with contextlib.suppress(OSError):
        file.path.write_text(json.dumps(Header(format=FORMAT, seed=seed)), encoding="utf-8")
    return file


def interrupted(directory: Path) -> list[tuple[Path, KeptRun]]:
    """Return what runs have left that did not come to report, the latest first."""
    paths = [path for path in directory.glob(f"*{SUFFIX}") if not is_owned(path)]
    return [(path, run) for path in sorted(paths, key=_age) if (run := read(path)) is not None]


def read(path: Path) -> KeptRun | None:
    """Return what a file holds; None if it holds nothing that this version can read."""
    lines = _lines(path)
    header = cast("Header", next(lines, {}))
    if header.get("format") != FORMAT:
        return None
    run = KeptRun(seed=header["seed"])
    for line in lines:
        population = PopulationName(*line["population"])
        if "key" in line:
            run.populations[population] = KeptPopulation(line["key"])
        elif population in run.populations:
            trial = cast("Finished", line["trial"])
            run.populations[population].trials[trial["number"]] = trial
    return run


def recall(directory: Path, population: PopulationName, key: TrialKey) -> Recalled:
    """Return which trials of a population interrupted runs have finished.

    Args:
        directory: where files of runs are kept.
        population: which one.
        key: what decides its trials; those of another key are not these.
    """
    trials: dict[int, Finished] = {}
    changed = ""
    for _, run in interrupted(directory):
        kept = run.populations.get(population)
        if kept is None or not kept.trials:
            continue
        if differences := key.changes_since(kept.key):
            changed = changed or f"{len(kept.trials)} kept trials do not count: {differences}"
        else:
            trials = kept.trials | trials
    return Recalled(trials, "" if trials else changed)


def left(
    directory: Path, seed: int, begun: Collection[PopulationName]
) -> Mapping[PopulationName, int]:
    """Return how many trials interrupted runs of a seed have left of what a later run has not begun."""
    return {
        population: len(kept.trials)
        for _, run in interrupted(directory)
        if run.seed == seed
        for population, kept in run.populations.items()
        if kept.trials and population not in begun
    }


def forget(directory: Path, seed: int, populations: Iterable[PopulationName]) -> None:
    """Remove what interrupted runs have left of populations that a later run has reported."""
    done = set(populations)
    for path, run in interrupted(directory):
        if run.seed == seed and done & run.populations.keys():
            left = [
                line
                for line in list(_lines(path))[1:]
                if PopulationName(*line["population"]) not in done
            ]
            _rewrite(path, Header(format=FORMAT, seed=seed), left)


def _rewrite(path: Path, header: Header, lines: list[Any]) -> None:
    if not lines:
        remove(path)
        return
    with contextlib.suppress(FileWriteError):
        text = "".join(f"{json.dumps(line)}\n" for line in (header, *lines))
        write_bytes(path, text.encode())


def latest_seed(directory: Path | None) -> int | None:
    """Return the seed of the run that was interrupted last; None if none was."""
    return next(iter(seeds(directory)), None)


def seeds(directory: Path | None) -> list[int]:
    """Return the seeds of interrupted runs that have begun anything, the latest first."""
    found = [] if directory is None else interrupted(directory)
    return list(dict.fromkeys(run.seed for _, run in found if run.populations))


def prune(directory: Path) -> None:
    """Remove files of interrupted runs that are old, or in which no population was begun."""
    for path in directory.glob(f"*{SUFFIX}"):
        if not is_owned(path) and (_age(path) > KEPT or _is_empty(path)):
            remove(path)


def _is_empty(path: Path) -> bool:
    run = read(path)
    return run is not None and not run.populations


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # another run has just finished
        return 0.0


def _lines(path: Path) -> Iterator[Any]:
    """Yield what the lines of a file say; half a line, of a process that was killed, says nothing."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            if isinstance(found := parsed_json(line), dict):
                yield found
