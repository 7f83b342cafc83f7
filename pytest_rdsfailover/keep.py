"""What is kept of a trial beyond its figures: its journal as a file, its drawing for the page."""

from pathlib import Path
from typing import Any

from pytest_rdsfailover import archive
from pytest_rdsfailover.experiment import Trial
from pytest_rdsfailover.report.portrait import portrait
from pytest_rdsfailover.report.rerun import command
from pytest_rdsfailover.settings import Settings

Plain = dict[str, Any]  # what JSON can say


def keep(trial: Trial, found: Plain, where: Plain, settings: Settings) -> Plain:
    """Write a trial's journal, if the run wants it; return what the HTML page shows of it.

    Nothing is computed that the run did not ask for.

    Args:
        trial: as it was judged.
        found: its document.
        where: what it was taken on.
        settings: the run's.

    Raises:
        OSError: if the journal cannot be written.
    """
    kept: Plain = {"rerun": command(settings, found["test"])}
    if trial.evidence is None:
        return kept
    if settings.journal is not None:
        label = archive.Label(
            test=found["test"],
            scenario=found["scenario"],
            seed=settings.seed,
            rerun=kept["rerun"],
            versions=where["versions"],
            pins=found.get("pins"),
        )
        archive.write(Path(settings.journal), trial.evidence, label)
    if settings.report is not None:
        kept["portrait"] = portrait(trial, trial.evidence)
    return kept
