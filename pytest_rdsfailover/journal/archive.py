"""A trial's journal as a file: JSON Lines, gzip, versioned; read back, it is judged the same.

Line 1 says what the file is, line 2 what is known of the trial apart from its writes. Then follows
one line for each writer, and a last one with what was read back, so that a file that was cut off
is told from a whole one. Columns that grow are stored as differences, nanoseconds as integers.
"""

import gzip
import json
import os
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.events import Events
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.journal import Journal, WriterJournal
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.errors import ArchiveError
from pytest_rdsfailover.model.records import Fault, Milestone, Outcome, PinDocument
from pytest_rdsfailover.model.target import LeftSession, Sessions, Traffic

FORMAT, VERSION = "rdsfailover-journal", 1
SUFFIX = ".jsonl.gz"
BESIDE = ("attempts", "reads")  # events that a writer may have beside its writes
LONGEST_NAME = 80  # characters of a file's name taken from its test
Plain = dict[str, Any]  # what JSON can say


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
    """

    test: str
    scenario: str
    seed: int
    rerun: str
    versions: Mapping[str, str]
    pins: Sequence[PinDocument] | None = None


def write(directory: Path, evidence: Evidence, label: Label) -> Path:
    """Write a trial to a new file in *directory* and return its path.

    Raises:
        OSError: if the file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / file_name(label.test, evidence.journal.run)
    unfinished = path.with_suffix(".part")
    with gzip.open(unfinished, "wt", encoding="utf-8", newline="\n") as file:
        for line in _lines(evidence, label):
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    os.replace(unfinished, path)  # noqa: PTH105 - the same, and it says what it does
    return path


def read(path: Path) -> tuple[Evidence, Label]:
    """Return the trial that a file holds.

    Raises:
        ArchiveError: if the file is none, is of a later version, is cut off or damaged.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        head, *rest = lines
        _check(head)
        return _evidence(rest), Label(**head["trial"])
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(str(path), f"cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ArchiveError(str(path), f"is no whole journal: {error!r}") from error


def _check(head: Plain) -> None:
    if head["format"] != FORMAT:
        raise ValueError(f"its format is {head['format']!r}")
    if head["version"] != VERSION:
        raise ValueError(f"it is of version {head['version']}, and this program reads {VERSION}")


def file_name(test: str, run: str) -> str:
    """Return a file name that tells its test; the run's own prefix makes it unique."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", test.rpartition("/")[2]).strip("-")
    return f"{words[:LONGEST_NAME]}-{run}{SUFFIX}"


def _lines(evidence: Evidence, label: Label) -> Iterator[Plain]:
    yield {"format": FORMAT, "version": VERSION, "trial": asdict(label)}
    course = asdict(evidence.course)
    yield {"run": evidence.journal.run, "writers": len(evidence.journal.writers), "course": course}
    yield from (_writer_line(writer) for writer in evidence.journal.writers)
    yield {"stored": _stored_line(evidence)}


def _writer_line(writer: WriterJournal) -> Plain:
    """Return a writer's columns; each start and end as the time since the one before it."""
    plain = _columns(writer) | {
        "faults": [[fault.code, fault.kind] for fault in writer.faults if fault is not None],
        "instances": [instance for instance in writer.instances if instance is not None],
        "skips": [[skip.first, skip.last, skip.count] for skip in writer.skips],
    }
    for name in BESIDE:
        events = getattr(writer, name)
        if len(events):
            plain[name] = _columns(events) | {"detail": _runs(_differences(events.detail))}
    return plain


def _columns(writer: Events) -> Plain:
    intended, started = writer.intended, writer.started
    return {
        "intended": _differences(intended),
        "waited": [b - a for a, b in zip(intended, started, strict=True)],
        "took": [b - a for a, b in zip(started, writer.finished, strict=True)],
        "outcome": _runs(writer.outcome),
        "fault": _runs(writer.fault),
        "instance": _runs(writer.instance),
    }


def _stored_line(evidence: Evidence) -> Plain | None:
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


def _evidence(lines: Sequence[Plain]) -> Evidence:
    about, *writers, last = lines
    if len(writers) != about["writers"]:
        raise ValueError(f"{len(writers)} of {about['writers']} writers are there")
    journal = Journal(about["run"], len(writers))
    for writer, line in zip(journal.writers, writers, strict=True):
        _fill(writer, line)
    return Evidence(
        journal=journal, course=read_course(about["course"]), stored=_stored(last["stored"])
    )


def _fill(writer: WriterJournal, line: Plain) -> None:
    faults = [None, *(Fault(code, kind) for code, kind in line["faults"])]
    instances = [None, *line["instances"]]
    _fill_events(writer, line, faults, instances)
    for name in BESIDE:
        if name in line:
            _fill_events(getattr(writer, name), line[name], faults, instances)
    for first, last, count in line["skips"]:
        writer.skip(to_nanoseconds(first), to_nanoseconds(last), count)


def _fill_events(
    events: Events,
    line: Plain,
    faults: Sequence[Fault | None],
    instances: Sequence[str | None],
) -> None:
    intended = list(accumulate(line["intended"]))
    columns = zip(
        intended, line["waited"], line["took"],
        _flat(line["outcome"]), _flat(line["fault"]), _flat(line["instance"]),
        accumulate(_flat(line["detail"])) if "detail" in line else [0] * len(intended), strict=True,
    )  # fmt: skip
    for wanted, waited, took, outcome, fault, instance, detail in columns:
        times = (wanted, wanted + waited, wanted + waited + took)
        events.record(times, Outcome(outcome), faults[fault], instances[instance], detail)


def read_course(plain: Plain) -> Course:
    """Return the course; what a later program may have added beside the known is left out."""
    known = {field.name for field in fields(Course)}
    values = {name: value for name, value in plain.items() if name in known}
    made = {
        "milestones": [Milestone(**milestone) for milestone in plain["milestones"]],
        "complaints": [Complaint(**each) for each in plain.get("complaints", ())],
        "witnessed": _witnessed(plain.get("witnessed")),
        "sessions": _sessions(plain.get("sessions")),
    }
    return Course(**values | made)


def _sessions(plain: Plain | None) -> Sessions | None:
    if plain is None:
        return None
    return Sessions(open=plain["open"], left=[LeftSession(**each) for each in plain["left"]])


def _witnessed(plain: Plain | None) -> Witnessed | None:
    if plain is None:
        return None
    seen = {
        name: plain[name]
        and {endpoint: Traffic(**counts) for endpoint, counts in plain[name].items()}
        for name in ("calm", "whole")
    }
    return Witnessed(**plain | seen | {"peers": tuple(plain["peers"])})


def _stored(plain: Plain | None) -> Stored | None:
    if plain is None:
        return None
    positions = [
        (int(writer), sequence)
        for writer, runs in plain["writers"].items()
        for sequence in accumulate(_flat(runs))
    ]
    return Stored(
        positions=positions,
        foreign=plain["foreign"],
        torn=[(writer, sequence) for writer, sequence in plain.get("torn", [])],
    )


def _differences(values: Sequence[int]) -> list[int]:
    """Return the first value and then each one's distance from the one before."""
    return [*values[:1], *(b - a for a, b in pairwise(values))]


def _runs(values: Iterable[int]) -> list[list[int]]:
    """Return (value, how often it follows itself) pairs."""
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][0] == value:
            runs[-1][1] += 1
        else:
            runs.append([value, 1])
    return runs


def _flat(runs: Iterable[Sequence[int]]) -> "array[int]":
    """Return what `_runs` was made of."""
    values = array("q")
    for value, times in runs:
        values.extend([value] * times)
    return values
