"""What the commands read: journal files, directories of them, and result documents."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pytest_rdsfailover.analysis.summary import Summary, judge
from pytest_rdsfailover.journal import archive, unfinished
from pytest_rdsfailover.journal.archive import Label
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.errors import ArchiveError
from pytest_rdsfailover.report import document
from pytest_rdsfailover.report.schema import RunDocument, TrialDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One journal file, judged again.

    Attributes:
        path: the file, or the directory of a trial that was cut short.
        label: names the trial.
        evidence: what the file holds.
        summary: the verdict on it.
    """

    path: Path
    label: Label
    evidence: Evidence
    summary: Summary

    @property
    def document(self) -> TrialDocument:
        """Return the trial's document, as the run wrote it."""
        trial = document.trial_document(
            self.summary, test=self.label.test, scenario=self.label.scenario
        )
        if self.label.pins is not None:
            trial["pins"] = list(self.label.pins)
        return trial


def journals(paths: Sequence[Path]) -> Iterator[Judged]:
    """Yield the journals that paths name, judged; those of a directory by the start of the trials.

    Raises:
        ArchiveError: if a file is no journal, or a directory holds none.
        AuditError: if a journal holds a stored row that none of its writers can have written.
    """
    for path in paths:
        trials = [_judged(trial) for trial in _trials(path)]
        yield from sorted(trials, key=lambda trial: trial.evidence.course.start)


def result(path: Path) -> RunDocument:
    """Return the result document that a file holds.

    Raises:
        ArchiveError: if the file holds none, or one of another version.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        if run["schema"] != document.SCHEMA:
            why = f"is of schema {run['schema']}, and this program reads {document.SCHEMA}"
            raise ArchiveError(str(path), why)
        parts = ("mode", "seed", "versions", "trials", "scenarios", "comparisons")
        missing = [part for part in parts if part not in run]
    except OSError as error:
        raise ArchiveError(str(path), f"cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveError(str(path), f"is no result document: {error!r}") from error
    if missing:
        raise ArchiveError(str(path), f"is no result document: it has no {', '.join(missing)}")
    return cast("RunDocument", run)


def is_journal(path: Path) -> bool:
    """Tell whether a path is meant as a journal, or a directory of journals."""
    return path.is_dir() or path.name.endswith(archive.SUFFIX)


def _trials(path: Path) -> list[Path]:
    """Return the trials that a path names; of a directory, those that are not running now."""
    if not path.is_dir() or path.name.endswith(unfinished.SUFFIX):
        return [path]
    trials = [*sorted(path.glob(f"*{archive.SUFFIX}")), *unfinished.cut_short(path)]
    if not trials:
        raise ArchiveError(str(path), f"holds no journal (*{archive.SUFFIX})")
    return trials


def _judged(path: Path) -> Judged:
    evidence, label = (unfinished if path.is_dir() else archive).read(path)
    return Judged(path=path, label=label, evidence=evidence, summary=judge(evidence))
