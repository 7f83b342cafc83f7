"""What one test does with its clusters: for each a runner of trials, and what repeats them."""

from typing import TYPE_CHECKING, cast

import pytest

from pytest_rdsfailover.analysis.verdicts.arguments import Expectations
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.load.workloads import check_steps
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.profiles.switchovers import load_switchover
from pytest_rdsfailover.model.errors import SettingError, did_you_mean
from pytest_rdsfailover.plugin.hook_calls import ItemExtensions
from pytest_rdsfailover.plugin.markers import argument_of
from pytest_rdsfailover.plugin.notebook import Notebook, test_of
from pytest_rdsfailover.plugin.run import Run
from pytest_rdsfailover.trial.options import TrialOptions
from pytest_rdsfailover.trial.repeats import Repetition
from pytest_rdsfailover.trial.runner import TrialRunner

if TYPE_CHECKING:  # a local run imports nothing of live mode
    from pytest_rdsfailover.live.cluster import LiveCluster
    from pytest_rdsfailover.local.cluster import LocalCluster

    AnyCluster = LocalCluster | LiveCluster


class Experiments:
    """Makes the runner of a cluster when a test first asks for it.

    Args:
        item: the test.
        run: what its trials are noted in.
        options: what its loads and failovers are, unless the test says otherwise.
        expectations: what each of its trials must hold to; its marker adds to them.

    Raises:
        SettingError: if an option or an expectation makes no sense.
    """

    def __init__(
        self,
        item: pytest.Item,
        run: Run,
        *,
        options: TrialOptions,
        expectations: Expectations,
    ) -> None:
        _check(options, expectations)
        self._item, self._run, self._options = item, run, options
        marker = item.get_closest_marker("rds_expect")
        marked = cast("Expectations", {} if marker is None else marker.kwargs)
        self._expectations: Expectations = {**expectations, **marked}
        self._runners: dict[AnyCluster, TrialRunner] = {}

    def runner(self, cluster: "AnyCluster") -> TrialRunner:
        """Return what runs trials of a cluster, always the same one: it samples their failovers."""
        if cluster not in self._runners:
            notebook = Notebook(self._item, cluster, self._run)
            self._runners[cluster] = TrialRunner(
                cluster,
                self._run.settings,
                test=test_of(self._item),
                profile=argument_of(self._item, "rds_profile"),
                options=self._options,
                expectations=self._expectations,
                note=notebook.note,
                play=notebook.play,
                extensions=ItemExtensions(self._item),
                remains=notebook.remains,
            )
        return self._runners[cluster]

    def repetition(self, cluster: "AnyCluster", runner: TrialRunner) -> Repetition:
        """Return what repeats the trials of a runner."""
        trials = argument_of(self._item, "rds_trials")
        settings = self._run.settings
        return Repetition(
            runner,
            Notebook(self._item, cluster, self._run),
            trials=settings.trials if trials is None else trials,
            spacing=settings.spacing,
            clock=runner.clock,
        )


def _check(options: TrialOptions, expectations: Expectations) -> None:
    """Raise `SettingError` if what a project's fixtures return is nothing that there is."""
    known = TrialOptions.__optional_keys__
    for name in options:
        if name not in known:
            raise SettingError(f"rds_options: no option {name!r}{did_you_mean(name, known)}")
    for fixture, check in (
        ("rds_options", lambda: load_profile(options.get("profile") or "quick")),
        ("rds_options", lambda: load_switchover(options.get("failover") or "blue-green")),
        ("rds_options", lambda: check_steps(options.get("workload"))),
        ("rds_expectations", lambda: parse_expectations(**expectations)),
    ):
        try:
            check()
        except SettingError as error:
            raise SettingError(f"{fixture}: {error}") from None
