"""What the commands read: journal files, directories of them, and result documents."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.journal import archive, unfinished
from pytest_rdsfailover.journal.archive import Label
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.errors import ArchiveError, RdsFailoverError
from pytest_rdsfailover.model.files import read_json
from pytest_rdsfailover.model.typed import NotOfTypeError, typed
from pytest_rdsfailover.report import document
from pytest_rdsfailover.report.schema import RunDocument
from pytest_rdsfailover.report.trial_schema import TrialDocument

JOURNAL, DOCUMENT, PAGE = "a journal", "a result document", "a page"
KINDS = {archive.SUFFIX: JOURNAL, ".json": DOCUMENT, ".html": PAGE}  # by the end of a file's name
MADE_BY = {
    JOURNAL: "pytest --rds-journal=DIR writes one of each trial",
    DOCUMENT: "pytest --rds-json=PATH writes one, rdsfailover judge --json=PATH one of journals",
}


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
    """Yield the journals that paths name, judged; those of a directory in the order of their run.

    Raises:
        ArchiveError: if a file is no journal, or a directory holds none.
        AuditError: if a journal holds a stored row that none of its writers can have written.
    """
    for path in paths:
        trials = [_judged(trial) for trial in _trials(path)]
        yield from sorted(trials, key=_in_run)


def _in_run(trial: Judged) -> tuple[int, float]:
    """Return where a trial stands: by its test, which workers run in any order, and by its start."""
    return trial.label.order or 0, trial.evidence.course.start


def result(path: Path) -> RunDocument:
    """Return the result document that a file holds.

    Raises:
        ArchiveError: if the file holds none, or one of another version.
    """
    _check_kind(path, DOCUMENT)
    plain = read_json(path)
    found = plain.get("schema", document.SCHEMA) if isinstance(plain, dict) else document.SCHEMA
    if found != document.SCHEMA:
        why = f"is of schema {ascii(found)[:20]}, and this program reads {document.SCHEMA}"
        raise ArchiveError(str(path), why)
    try:
        return typed(RunDocument, plain, "the document")
    except NotOfTypeError as error:
        raise ArchiveError(str(path), f"is no result document: {error}") from None


def is_journal(path: Path) -> bool:
    """Tell whether a path is meant as a journal, or a directory of journals."""
    return path.is_dir() or path.name.endswith(archive.SUFFIX)


def _trials(path: Path) -> list[Path]:
    """Return the trials that a path names; of a directory, those that are not running now."""
    if not path.is_dir() or path.name.endswith(unfinished.SUFFIX):
        _check_kind(path, JOURNAL)
        return [path]
    trials = [*sorted(path.glob(f"*{archive.SUFFIX}")), *unfinished.cut_short(path)]
    if not trials:
        raise ArchiveError(str(path), f"holds no journal (*{archive.SUFFIX}); {MADE_BY[JOURNAL]}")
    return trials


def _check_kind(path: Path, wanted: str) -> None:
    """Raise `ArchiveError` if a path is another kind of file of ours, or one more directory."""
    kind = next((kind for end, kind in KINDS.items() if path.name.endswith(end)), "")
    if path.is_dir():
        kind = JOURNAL if path.name.endswith(unfinished.SUFFIX) else "a directory"
    if kind not in ("", wanted) and path.exists():
        raise ArchiveError(str(path), f"is {kind}, not {wanted}; {MADE_BY[wanted]}")


def _judged(path: Path) -> Judged:
    evidence, label = (unfinished if path.is_dir() else archive).read(path)
    with sound(path):
        return Judged(path=path, label=label, evidence=evidence, summary=judge(evidence))


@contextlib.contextmanager
def sound(*paths: Path) -> Iterator[None]:
    """Refuse files whose parts are well formed, but which no run can have written.

    Raises:
        ArchiveError: if nothing can be computed of what it says.
    """
    try:
        yield
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        if isinstance(error, RdsFailoverError):
            raise
        raise ArchiveError(
            " or ".join(map(str, paths)), f"contradicts itself: {error!r}"
        ) from error
