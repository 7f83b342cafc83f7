"""Where the trials of one test are noted, shown, and kept."""

import functools
import hashlib
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.journal.unfinished import Remains
from pytest_rdsfailover.local.backend import environment
from pytest_rdsfailover.local.rds_proxy import pin_document, pin_lines
from pytest_rdsfailover.model.errors import NotResumedWarning, SettingError
from pytest_rdsfailover.model.records import LoadDocument
from pytest_rdsfailover.model.typed import typed
from pytest_rdsfailover.plugin.compared_profiles import check_profile
from pytest_rdsfailover.plugin.measured import MeasuredTrial
from pytest_rdsfailover.plugin.options import cache_directory
from pytest_rdsfailover.plugin.progress import PROGRESS
from pytest_rdsfailover.plugin.recording import keep, label, what_remains
from pytest_rdsfailover.plugin.run import ORDER, Run
from pytest_rdsfailover.plugin.trials_file import TRIALS_FILE
from pytest_rdsfailover.report import document, terminal
from pytest_rdsfailover.trial.fingerprints import HASHED
from pytest_rdsfailover.trial.key import Parts, ProjectCode, TrialKey
from pytest_rdsfailover.trial.resume import KeptTrials, PopulationName, Recalled, recall
from pytest_rdsfailover.trial.trial import Trial, report_asked

# A local cluster is started, or its proxy set up, as these say.
CLUSTER_MARKERS = ("rds_instances", "rds_global", "rds_aws_names", "rds_proxy")

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
        self._played: dict[str, str] = {}  # fingerprints of profiles, by their names
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

    def play(self, name: str) -> None:
        """Note which profile is about to be played.

        Raises:
            SettingError: if it is none, not what the run's baseline was measured with, or not what
                this test has played under the same name.
        """
        profile = check_profile(self._run.settings, name, self._item.config.rootpath)
        if self._played.setdefault(profile.name, profile.fingerprint) != profile.fingerprint:
            raise SettingError(
                f"the profile {name} says something else than when this test played {profile.name}"
                " before; their trials would be taken for repeats: give each a name of its own"
            )

    def note(self, trial: Trial) -> None:
        """Note a trial, whatever the test goes on to assert."""
        item = self._item
        report_asked(trial, self.asked)
        found = document.trial_document(trial, test=test_of(item), scenario=scenario_of(item))
        lines = terminal.timeline(trial)
        if trial.endpoint == "proxy":
            pins, latest = self._cluster.proxy.pins, self._cluster.failovers[-1:]
            found["pins"] = [pin_document(pin) for pin in pins]
            lines += pin_lines(pins, latest[0].triggered if latest else 0.0)
        where = self._where | {"load": self._load(trial)}
        self._run.note(item, found, lines, where)
        order = item.stash.get(ORDER, None)
        self._run.note_more(item, keep(trial, found, where, self._run.settings, order))
        self._progress.keep(item, self.entries[-1])

    def _load(self, trial: Trial) -> LoadDocument:
        """Return the conditions of a trial that its document does not have."""
        load: LoadDocument = {"rate": trial.rate, "writers": trial.writers}
        if trial.profile in self._played:
            load["profile"] = self._played[trial.profile]
        return load

    def remains(self, run_id: str, writers: int) -> Remains | None:
        """Make what is left of a trial if this process is killed; None if nothing can be."""
        settings, item = self._run.settings, self._item
        order = item.stash.get(ORDER, None)
        about = label(settings, test_of(item), scenario_of(item), self._where["versions"], order)
        return what_remains(settings.journal, cache_directory(item.config), about, run_id, writers)

    def recall(self, entry: object) -> None:
        """Note a trial that an interrupted run has finished."""
        measured = typed(MeasuredTrial, entry, "a kept trial")
        self._run.noted(self._item).append(measured)
        self._progress.keep(self._item, measured)

    def keep(self, place: int, decisive: Parts) -> KeptTrials:
        """Return where the finished trials of a population are kept until the run has reported.

        Args:
            place: its number among the populations of the test, from 1.
            decisive: what decides the trials, but for what they run on.
        """
        population = PopulationName(test_of(self._item), place)
        key = TrialKey({**decisive, **self._decisive()}, project_code(self._item))
        directory = self._file.directory()
        found = Recalled({})
        # A test that a plugin runs again, because it has failed, is run again.
        is_first = population not in self._file.begun
        self._file.begun.add(population)
        if self._run.settings.resume and directory is not None and is_first:
            found = recall(directory, population, key)
        if found.changed:
            warnings.warn(NotResumedWarning(f"{population.test}: {found.changed}"), stacklevel=2)
        return KeptTrials(self._file.store, population, key, found.trials)

    def _decisive(self) -> Parts:
        """Return what decides the trials beside the load: the cluster, machine, and what is installed."""
        settings = self._run.settings
        live = None if settings.live is None else asdict(replace(settings.live, started=0.0))
        marked = {
            name: [
                [str(marker.args), str(marker.kwargs)] for marker in self._item.iter_markers(name)
            ]
            for name in CLUSTER_MARKERS
        }
        return {
            "instances": settings.instances,
            "aws_names": settings.aws_names,
            **marked,
            "live": live,
            "versions": self._where["versions"],
            "installed": installed(),
            "cpus": os.cpu_count(),
        }

    def progress(self, planned: int, samples: Sequence[Sample]) -> None:
        """Show the latest of the test's trials."""
        self._progress.tell(self._item, planned, samples)


def project_code(item: pytest.Item) -> ProjectCode:
    """Return the Python files that a test may depend on: all but other tests, and what is installed."""
    collected = {other.path for other in item.session.items} - {item.path}
    plugins = item.config.pluginmanager.get_plugins()
    files = {getattr(plugin, "__file__", None) for plugin in plugins}
    conftests = {Path(file) for file in files if file} | {item.path}
    return ProjectCode(item.config.rootpath, frozenset(collected), frozenset(conftests))


@functools.cache
def installed() -> str:
    """Return a hash of which packages are installed, in which versions."""
    found = (path.name for place in sys.path for path in Path(place).glob("*.dist-info"))
    return HASHED + hashlib.sha256(" ".join(sorted(found)).encode()).hexdigest()[:16]


def test_of(item: pytest.Item) -> str:
    """Return a test's node id as any run has it: under `--dist loadgroup` its group is added to it."""
    usual = item.nodeid if item.parent is None else f"{item.parent.nodeid}::{item.name}"
    return usual if item.nodeid.startswith(f"{usual}@") else item.nodeid


def scenario_of(item: pytest.Item) -> str:
    """Return what a test is parametrised with, or its name: trials of one scenario belong together."""
    call = getattr(item, "callspec", None)
    return item.name if call is None else str(call.id)
