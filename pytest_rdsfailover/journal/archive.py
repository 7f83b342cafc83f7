"""A trial's journal as a file: JSON Lines, gzip, versioned; read back, it is judged the same.

Line 1 says what the file is, line 2 what is known of the trial apart from its writes. Then follows
one line for each writer, and a last one with what was read back, so that a file that was cut off
is told from a whole one. Columns that grow are stored as differences, nanoseconds as integers.
"""

import gzip
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import Any, NotRequired, TypedDict, TypeVar, cast

from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.events import Events
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.journal import Journal, WriterJournal
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError
from pytest_rdsfailover.model.files import read_json_lines, remove
from pytest_rdsfailover.model.records import Fault, Outcome, PinDocument
from pytest_rdsfailover.model.typed import typed

FORMAT, VERSION = "rdsfailover-journal", 1
SUFFIX = ".jsonl.gz"
LONGEST_NAME = 80  # characters of a file's name taken from its test
MOST_DETAIL = (1 << 31) - 1
MOST_STORED = 10_000_000  # rows of one writer that a file may speak of
Name = TypeVar("Name")
Runs = list[tuple[int, int]]  # (value, how often it follows itself)


class Head(TypedDict):
    """What the file is, and of which trial."""

    format: str
    version: int
    trial: "Label"


class CourseLine(TypedDict):
    """What is known of the trial apart from its writes."""

    run: str
    writers: int
    course: Course


class Columns(TypedDict):
    """Events of one sort, as `_columns` writes them."""

    intended: list[int]
    waited: list[int]
    took: list[int]
    outcome: Runs
    fault: Runs
    instance: Runs
    detail: NotRequired[Runs]


class WriterLine(Columns):
    """What one writer did."""

    faults: list[tuple[int, str]]
    instances: list[str]
    skips: list[tuple[float, float, int]]
    attempts: NotRequired[Columns]
    reads: NotRequired[Columns]


class StoredLine(TypedDict):
    """What was read back."""

    writers: dict[str, Runs]
    foreign: list[str]
    torn: NotRequired[list[tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Which trial a journal file is of.

    Attributes:
        test: the node id of its test.
        scenario: trials of the same scenario are repeats of each other.
        seed: the run's seed.
        rerun: the command that runs the test again.
        versions: what the trial was taken with: name to version.
        pins: sessions that the proxy pinned, as the document has them; None without a proxy.
        order: the place of its test among the run's; None if nobody knows.
    """

    test: str
    scenario: str
    seed: int
    rerun: str
    versions: Mapping[str, str]
    pins: Sequence[PinDocument] | None = None
    order: int | None = None


def write(directory: Path, evidence: Evidence, label: Label) -> Path:
    """Write a trial to a new file in *directory* and return its path.

    Raises:
        FileWriteError: if the file cannot be written.
    """
    path = directory / file_name(label.test, evidence.journal.run)
    unfinished = path.with_suffix(".part")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with gzip.open(unfinished, "wt", encoding="utf-8", newline="\n") as file:
            for line in _lines(evidence, label):
                file.write(json.dumps(line, separators=(",", ":"), default=asdict) + "\n")
        unfinished.replace(path)
    except OSError as error:
        remove(unfinished)
        raise FileWriteError(path, error) from error
    return path


def read(path: Path) -> tuple[Evidence, Label]:
    """Return the trial that a file holds.

    Raises:
        ArchiveError: if the file is none, is of a later version, is cut off or damaged.
    """
    try:
        head, *rest = read_json_lines(path, unpack=True)
        _check(head)
        return _evidence(rest), typed(Label, head["trial"], "its trial")
    except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise ArchiveError(str(path), f"is no whole journal: {error}") from error


def _check(head: Head) -> None:
    if head["format"] != FORMAT:
        raise ValueError(f"its format is {head['format']!r}")
    if head["version"] != VERSION:
        raise ValueError(f"it is of version {head['version']}, and this program reads {VERSION}")


def file_name(test: str, run: str) -> str:
    """Return a file name that tells its test; the run's own prefix makes it unique."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", test.rpartition("/")[2]).strip("-")
    return f"{words[:LONGEST_NAME]}-{run}{SUFFIX}"


def _lines(evidence: Evidence, label: Label) -> Iterator[object]:
    yield Head(format=FORMAT, version=VERSION, trial=label)
    journal = evidence.journal
    yield CourseLine(run=journal.run, writers=len(journal.writers), course=evidence.course)
    yield from (_writer_line(writer) for writer in journal.writers)
    yield {"stored": _stored_line(evidence)}


def _writer_line(writer: WriterJournal) -> WriterLine:
    """Return a writer's columns; each start and end as the time since the one before it."""
    line = cast(
        "WriterLine",
        _columns(writer)
        | {
            "faults": [(fault.code, fault.kind) for fault in writer.faults if fault is not None],
            "instances": [instance for instance in writer.instances if instance is not None],
            "skips": [(skip.first, skip.last, skip.count) for skip in writer.skips],
        },
    )
    if len(writer.attempts):
        line["attempts"] = _detailed(writer.attempts)
    if len(writer.reads):
        line["reads"] = _detailed(writer.reads)
    return line


def _detailed(events: Events) -> Columns:
    """Return the columns of events that a writer may have beside its writes."""
    return {**_columns(events), "detail": _runs(_differences(events.detail))}


def _columns(writer: Events) -> Columns:
    intended, started = writer.intended, writer.started
    return {
        "intended": _differences(intended),
        "waited": [b - a for a, b in zip(intended, started, strict=True)],
        "took": [b - a for a, b in zip(started, writer.finished, strict=True)],
        "outcome": _runs(writer.outcome),
        "fault": _runs(writer.fault),
        "instance": _runs(writer.instance),
    }


def _stored_line(evidence: Evidence) -> StoredLine | None:
    """Return what was read back: for each writer, the sequences stored, as differences."""
    if evidence.stored is None:
        return None
    found: dict[int, list[int]] = {}
    for writer, sequence in evidence.stored.positions:
        found.setdefault(writer, []).append(sequence)
    writers = {str(writer): _runs(_differences(sorted(found[writer]))) for writer in sorted(found)}
    return {
        "writers": writers,
        "foreign": list(evidence.stored.foreign),
        "torn": list(evidence.stored.torn),
    }


def _evidence(lines: Sequence[Any]) -> Evidence:
    about, *writers, last = lines
    course = typed(Course, about["course"], "its course")
    if len(writers) != about["writers"]:
        raise ValueError(f"{len(writers)} of {ascii(about['writers'])[:20]} writers are there")
    journal = Journal(typed(str, about["run"], "its run"), len(writers))
    for writer, line in zip(journal.writers, writers, strict=True):
        _fill(writer, typed(WriterLine, line, f"writer {writer.writer}"))
    return Evidence(journal=journal, course=course, stored=_stored(last["stored"]))


def _fill(writer: WriterJournal, line: WriterLine) -> None:
    faults = [None, *(Fault(code, kind) for code, kind in line["faults"])]
    instances = [None, *line["instances"]]
    _fill_events(writer, line, faults, instances)
    if "attempts" in line:
        _fill_events(writer.attempts, line["attempts"], faults, instances)
    if "reads" in line:
        _fill_events(writer.reads, line["reads"], faults, instances)
    for first, last, count in line["skips"]:
        writer.skip(to_nanoseconds(first), to_nanoseconds(last), count)


def _fill_events(
    events: Events,
    line: Columns,
    faults: Sequence[Fault | None],
    instances: Sequence[str | None],
) -> None:
    intended = list(accumulate(line["intended"]))
    count = len(intended)
    columns = zip(
        intended, line["waited"], line["took"],
        _flat(line["outcome"], count),
        _places(line["fault"], count, faults),
        _places(line["instance"], count, instances),
        accumulate(_flat(line["detail"], count)) if "detail" in line else [0] * count, strict=True,
    )  # fmt: skip
    for wanted, waited, took, outcome, fault, instance, detail in columns:
        if not 0 <= detail <= MOST_DETAIL:
            raise ValueError(f"the detail of an event is {detail}")
        times = (wanted, wanted + waited, wanted + waited + took)
        events.record(times, Outcome(outcome), fault, instance, detail)


def _places(
    runs: Iterable[Sequence[int]], count: int, names: Sequence[Name | None]
) -> Iterator[Name | None]:
    """Yield for each event the name that its number stands for."""
    for place in _flat(runs, count):
        if place < 0:
            raise IndexError(f"there is no name {place}")
        yield names[place]


def _stored(plain: object) -> Stored | None:
    if plain is None:
        return None
    line = typed(StoredLine, plain, "what was stored")
    positions = [
        (int(writer), sequence)
        for writer, runs in line["writers"].items()
        for sequence in accumulate(_flat(runs, MOST_STORED))
    ]
    torn = line.get("torn", [])
    if any(number < 0 for position in (*positions, *torn) for number in position):
        raise ValueError("what was stored is of a writer or a write below 0")
    return Stored(positions=positions, foreign=line["foreign"], torn=torn)


def _differences(values: Sequence[int]) -> list[int]:
    """Return the first value and then each one's distance from the one before."""
    return [*values[:1], *(b - a for a, b in pairwise(values))]


def _runs(values: Iterable[int]) -> Runs:
    """Return (value, how often it follows itself) pairs."""
    return [(value, len(list(group))) for value, group in groupby(values)]


def _flat(runs: Iterable[Sequence[int]], most: int) -> "array[int]":
    """Return what `_runs` was made of; a few bytes must not unfold to more than *most* values."""
    values = array("q")
    for value, times in runs:
        if not 0 <= times <= most - len(values):
            raise ValueError(f"a value that follows itself {times} times")
        values.extend([value] * times)
    return values
