"""What is kept of a trial beyond its figures: its journal as a file, its drawing for the page."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.journal.unfinished import Remains
from pytest_rdsfailover.model.errors import FileWriteError
from pytest_rdsfailover.model.records import Environment
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.measured import Kept
from pytest_rdsfailover.report.rerun import command
from pytest_rdsfailover.report.trial_drawing import portrait
from pytest_rdsfailover.report.trial_schema import TrialDocument
from pytest_rdsfailover.trial.trial import Trial


def keep(
    trial: Trial,
    found: TrialDocument,
    where: Environment,
    settings: Settings,
    order: int | None = None,
) -> Kept:
    """Write a trial's journal, if the run wants it; return what the HTML page shows of it.

    Nothing is computed that the run did not ask for.

    Args:
        trial: as it was judged.
        found: its document.
        where: what it was taken on.
        settings: the run's.
        order: the place of its test among the run's.
    """
    kept: Kept = {"rerun": command(settings, found["test"]), "unwritten": []}
    if trial.evidence is None:
        return kept
    if settings.journal is not None:
        about = label(settings, found["test"], found["scenario"], where["versions"], order)
        about = replace(about, pins=found.get("pins"))
        try:
            archive.write(Path(settings.journal), trial.evidence, about)
        except FileWriteError as error:  # the verdict is worth more than the file
            kept["unwritten"].append(str(error))
    if settings.report is not None:
        kept["portrait"] = portrait(trial, trial.evidence)
    return kept


def label(
    settings: Settings,
    test: str,
    scenario: str,
    versions: Mapping[str, str],
    order: int | None = None,
) -> archive.Label:
    """Return which trial a file is of."""
    return archive.Label(
        test=test,
        scenario=scenario,
        seed=settings.seed,
        rerun=command(settings, test),
        versions=versions,
        order=order,
    )


def what_remains(
    chosen: str | None, cache: Path | None, about: archive.Label, run: str, writers: int
) -> Remains | None:
    """Make what is left of a trial if its process is killed.

    Args:
        chosen: the directory for journals that the user named; None for none.
        cache: the directory to use if the user named none, or if nothing can be written to that;
            None if nothing is to be left.
        about: which trial it is of.
        run: the trial's own prefix.
        writers: how many there are.
    """
    for directory in (chosen, cache):
        if directory is not None:
            with contextlib.suppress(OSError):
                return Remains(Path(directory), about, run, writers)
    return None
