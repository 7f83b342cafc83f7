"""What the fixtures that run trials give a test, as protocols for editors and type checkers."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Unpack

from pytest_rdsfailover.analysis.verdicts.arguments import Claims
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.plugin.cluster_protocols import Cluster
from pytest_rdsfailover.trial.options import LoadOptions, TrialOptions
from pytest_rdsfailover.trial.trial import Trial
from pytest_rdsfailover.trial.trials import Trials


class RunTrial(Protocol):
    """The fixture `rds_trial`."""

    def on(self, cluster: Cluster) -> "RunTrial":
        """Return the same fixture for another cluster of the test, of `rds_clusters`."""

    def __call__(self, endpoint: Endpoint, **options: Unpack[TrialOptions]) -> Trial:
        """Warm up, fail over, watch until settled, audit; return the trial.

        Args:
            endpoint: where the writers connect, such as `rds_cluster.writer_endpoint`.
            options: see `TrialOptions`.

        Raises:
            InvalidTrialError: if the failover did not happen as its profile says.
            SettingError: if an option makes no sense.
        """

    async def run(self, endpoint: Endpoint, **options: Unpack[TrialOptions]) -> Trial:
        """Do the same in an asynchronous test, in whose loop the workload's coroutines then run.

        Args:
            endpoint: where the writers connect.
            options: see `TrialOptions`.

        Raises:
            InvalidTrialError: if the failover did not happen as its profile says.
            SettingError: if an option makes no sense, or the loop is none of asyncio.
        """


class RunTrials(Protocol):
    """The fixture `rds_trials`."""

    def on(self, cluster: Cluster) -> "RunTrials":
        """Return the same fixture for another cluster of the test, of `rds_clusters`."""

    def __call__(
        self,
        endpoint: Endpoint,
        *,
        trials: int | None = None,
        spacing: str | None = None,
        claims: Claims | None = None,
        confidence: float = 0.95,
        stop_early: bool = False,
        **options: Unpack[TrialOptions],
    ) -> Trials:
        """Run trials, each with a failover of its own; return them as a population.

        Trial i samples the same failover in every scenario of one test function.

        Args:
            endpoint: where the writers connect.
            trials: how many; the marker's or the option's by default.
            spacing: rest between two of them, as `"5s"`; the option's by default.
            claims: what they shall show together, as in `Trials.expect`; checked at the end.
            confidence: with which confidence.
            stop_early: stop once no further trial can change the verdict on the claims.
            options: see `TrialOptions`.

        Raises:
            InvalidTrialsError: if a failover did not happen as its profile says.
            AssertionError: if the claims are not supported.
            SettingError: if so many trials can never support a claim, or an option makes no sense.
        """

    async def run(
        self,
        endpoint: Endpoint,
        *,
        trials: int | None = None,
        spacing: str | None = None,
        claims: Claims | None = None,
        confidence: float = 0.95,
        stop_early: bool = False,
        **options: Unpack[TrialOptions],
    ) -> Trials:
        """Do the same in an asynchronous test, in whose loop the workload's coroutines then run."""


class StartLoad(Protocol):
    """The fixture `rds_load`."""

    def on(self, cluster: Cluster) -> "StartLoad":
        """Return the same fixture for another cluster of the test, of `rds_clusters`."""

    def __call__(self, endpoint: Endpoint, **options: Unpack[LoadOptions]) -> "LoadBlock":
        """Keep a load on an endpoint for a `with` or `async with` block; judge it at the end.

        Args:
            endpoint: where the writers connect.
            options: see `LoadOptions`.

        Raises:
            InvalidTrialError: when the block ends, if a failover did not happen as its profile says.
            SettingError: if an option makes no sense.
        """


class LoadBlock(Protocol):
    """What `rds_load` returns, to be entered at once.

    By `async with` the workload's coroutines run in the loop of the test, which must not be blocked
    meanwhile.
    """

    def __enter__(self) -> "Load":
        """Begin the load."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """End the load, and judge it."""

    async def __aenter__(self) -> "AwaitedLoad":
        """Begin the load."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """End the load, and judge it."""


class RunningLoad(Protocol):
    """A load that runs."""

    @property
    def silence(self) -> float:
        """Return for how many seconds no write of any writer has been acknowledged by now.

        Raises:
            RuntimeError: for a load in several processes.
        """

    @property
    def trial(self) -> Trial:
        """Return the trial, once the block has ended without an error."""


class Load(RunningLoad, Protocol):
    """A load that runs, as `with rds_load(endpoint) as load:` gives it."""

    def warm_up(self) -> None:
        """Let the load run undisturbed, as long as the option `warmup` says."""


class AwaitedLoad(RunningLoad, Protocol):
    """A load that runs, as `async with rds_load(endpoint) as load:` gives it."""

    async def warm_up(self) -> None:
        """Let the load run undisturbed, as long as the option `warmup` says."""


class FailOver(Protocol):
    """The fixture `rds_failover`."""

    def on(self, cluster: Cluster) -> "FailOver":
        """Return the same fixture for another cluster of the test, of `rds_clusters`."""

    def __call__(
        self, target: str | None = None, *, profile: str | None = None, wait: bool = True
    ) -> Sequence[Milestone]:
        """Trigger a failover; return the milestones seen, all of them if it waits.

        Args:
            target: id of the instance to promote; None leaves the choice to the cluster.
            profile: the failover profile to play; the marker's or the run's by default.
            wait: whether to return only when the failover is over.

        Raises:
            SettingError: if there is no such instance or profile.
            UnsafeError: if a safety check of the project refuses.
            RdsFailoverError: if another failover is still on its way, or a gate is closed.
        """

    async def run(
        self, target: str | None = None, *, profile: str | None = None, wait: bool = True
    ) -> Sequence[Milestone]:
        """Do the same in an asynchronous test, whose loop goes on meanwhile."""
