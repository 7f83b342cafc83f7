"""Where the trials of one test are noted, shown, and kept."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.journal.unfinished import Remains
from pytest_rdsfailover.local.backend import environment
from pytest_rdsfailover.local.rds_proxy import pin_document, pin_lines
from pytest_rdsfailover.model.errors import NotResumedWarning
from pytest_rdsfailover.plugin.measured import MeasuredTrial
from pytest_rdsfailover.plugin.options import cache_directory
from pytest_rdsfailover.plugin.progress import PROGRESS
from pytest_rdsfailover.plugin.recording import keep, label, what_remains
from pytest_rdsfailover.plugin.run import Run
from pytest_rdsfailover.plugin.trials_file import TRIALS_FILE
from pytest_rdsfailover.report import document, terminal
from pytest_rdsfailover.trial.resume import KeptTrials, PopulationName, Recalled, recall
from pytest_rdsfailover.trial.trial import Trial, report_asked

if TYPE_CHECKING:  # a local run imports nothing of live mode
    from pytest_rdsfailover.live.cluster import LiveCluster
    from pytest_rdsfailover.local.cluster import LocalCluster


class Notebook:
    """What one test measures, for the run's reports and for a run that takes it up again.

    Args:
        item: the test.
        cluster: what it measures.
        run: what its trials are noted in.
    """

    def __init__(self, item: pytest.Item, cluster: "LocalCluster | LiveCluster", run: Run) -> None:
        self._item, self._cluster, self._run = item, cluster, run
        self._where = environment(cluster)
        self._progress = item.config.stash[PROGRESS]
        self._file = item.config.stash[TRIALS_FILE]

    @property
    def asked(self) -> set[str]:
        """Return the names of what the test has expected so far; may be added to."""
        return self._run.asked(self._item)

    @property
    def entries(self) -> Sequence[MeasuredTrial]:
        """Return what the test has noted so far."""
        return self._run.noted(self._item)

    def note(self, trial: Trial) -> None:
        """Note a trial, whatever the test goes on to assert."""
        item = self._item
        report_asked(trial, self.asked)
        found = document.trial_document(trial, test=item.nodeid, scenario=scenario_of(item))
        lines = terminal.timeline(trial)
        if trial.endpoint == "proxy":
            pins, latest = self._cluster.proxy.pins, self._cluster.failovers[-1:]
            found["pins"] = [pin_document(pin) for pin in pins]
            lines += pin_lines(pins, latest[0].triggered if latest else 0.0)
        where = self._where | {"load": {"rate": trial.rate, "writers": trial.writers}}
        self._run.note(item, found, lines, where)
        self._run.note_more(item, keep(trial, found, where, self._run.settings))
        self._progress.keep(item, self.entries[-1])

    def remains(self, run_id: str, writers: int) -> Remains | None:
        """Make what is left of a trial if this process is killed; None if nothing can be."""
        settings, item = self._run.settings, self._item
        about = label(settings, item.nodeid, scenario_of(item), self._where["versions"])
        return what_remains(settings.journal, cache_directory(item.config), about, run_id, writers)

    def recall(self, entry: MeasuredTrial) -> None:
        """Note a trial that an interrupted run has finished."""
        self._run.noted(self._item).append(entry)
        self._progress.keep(self._item, entry)

    def keep(self, place: int, key: Mapping[str, Any]) -> KeptTrials:
        """Return where the finished trials of a population are kept until the run has reported.

        Args:
            place: its number among the populations of the test, from 1.
            key: what decides the trials, but for the versions of what they run on.
        """
        population = PopulationName(self._item.nodeid, place)
        key = {**key, "versions": self._where["versions"]}
        directory = self._file.directory()
        found = Recalled({})
        if self._run.settings.resume and directory is not None:
            found = recall(directory, population, key)
        if found.changed:
            warnings.warn(NotResumedWarning(f"{population.test}: {found.changed}"), stacklevel=2)
        return KeptTrials(self._file.store, population, key, found.trials)

    def progress(self, planned: int, samples: Sequence[Sample]) -> None:
        """Show the latest of the test's trials."""
        self._progress.tell(self._item, planned, samples)


def scenario_of(item: pytest.Item) -> str:
    """Return what a test is parametrised with, or its name: trials of one scenario belong together."""
    call = getattr(item, "callspec", None)
    return item.name if call is None else str(call.id)
