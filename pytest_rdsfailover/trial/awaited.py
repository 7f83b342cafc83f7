"""The same experiments for asynchronous tests: a thread does the work, the test's loop goes on.

The coroutines of the workload run in the test's own loop, to which the clients are bound that were
made there. Whatever would block that loop meanwhile is refused.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, Unpack, cast

from pytest_rdsfailover.load.event_loops import running_loop
from pytest_rdsfailover.load.workloads import is_own
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.trial.endpoint_argument import check_endpoint
from pytest_rdsfailover.trial.observation import Observation
from pytest_rdsfailover.trial.options import LoadOptions, TrialOptions
from pytest_rdsfailover.trial.repeats import Repetition
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import Trial
from pytest_rdsfailover.trial.trials import Trials


async def in_thread(runner: TrialRunner, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function of a runner does in a thread of its own.

    If the task that waits for it is cancelled, the trial is given up and cleaned up first.
    """
    _this_loop()
    work = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        with runner.giving_up():
            await asyncio.wait([work])
        if not work.cancelled():
            work.exception()  # it says that it was given up, which is known
        raise


def _this_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of the test.

    Raises:
        SettingError: if it is none of asyncio.
    """
    loop = running_loop()
    if loop is None:
        raise SettingError(
            "only a loop of asyncio can await a trial (of anyio, its backend asyncio)"
        )
    return loop


def _in_this_loop(options: LoadOptions) -> LoadOptions:
    """Return options of a load with the test's loop for the coroutines, unless they say another."""
    said = {"loop", "loops"} & options.keys() or options.get("processes", 1) != 1
    if said or not is_own(options.get("workload")):
        return options
    return {**options, "loop": _this_loop()}


def _refuse_to_block(runner: TrialRunner, instead: str) -> None:
    """Raise `SettingError` if this thread runs the coroutines of a load of this test."""
    if running_loop() in runner.loops:
        raise SettingError(
            f"this would block the event loop in which the load's coroutines run; write {instead}"
        )


class ClusterCall:
    """What a test does with one of its clusters.

    Args:
        runner: does it.
        runner_of: returns the runner of any cluster of the test.
    """

    def __init__(self, runner: TrialRunner, runner_of: Callable[[Any], TrialRunner]) -> None:
        self._runner, self._runner_of = runner, runner_of

    def on(self, cluster: Any) -> Self:
        """Return the same for another cluster of the test."""
        return type(self)(self._runner_of(cluster), self._runner_of)


class TrialCall(ClusterCall):
    """What the fixture `rds_trial` is: call it, or await `run` in an asynchronous test."""

    def __call__(
        self, endpoint: Any = None, *others: Any, **options: Unpack[TrialOptions]
    ) -> Trial:
        """Run a trial. See `TrialRunner.trial`."""
        __tracebackhide__ = True
        return self._runner.trial(check_endpoint("rds_trial", endpoint, others), **options)

    async def run(
        self, endpoint: Any = None, *others: Any, **options: Unpack[TrialOptions]
    ) -> Trial:
        """Run a trial whose coroutines run in the loop of the test."""
        __tracebackhide__ = True
        where = check_endpoint("rds_trial.run", endpoint, others)
        told = _in_this_loop(options)
        found: Trial = await in_thread(self._runner, lambda: self._runner.trial(where, **told))
        return found


class TrialsCall:
    """What the fixture `rds_trials` is: call it, or await `run` in an asynchronous test."""

    def __init__(
        self,
        runner: TrialRunner,
        repeat: Repetition,
        repeated: Callable[[Any], "TrialsCall"],
    ) -> None:
        self._runner, self._repeat, self._repeated = runner, repeat, repeated

    def on(self, cluster: Any) -> "TrialsCall":
        """Return the same for another cluster of the test."""
        return self._repeated(cluster)

    def __call__(self, endpoint: Any = None, *others: Any, **options: Any) -> Trials:
        """Repeat a trial. See `Repetition`."""
        __tracebackhide__ = True
        return self._repeat(check_endpoint("rds_trials", endpoint, others), **options)

    async def run(self, endpoint: Any = None, *others: Any, **options: Any) -> Trials:
        """Repeat a trial whose coroutines run in the loop of the test."""
        __tracebackhide__ = True
        where = check_endpoint("rds_trials.run", endpoint, others)
        told = _in_this_loop(cast("LoadOptions", options))  # and those of the repeats
        found: Trials = await in_thread(self._runner, lambda: self._repeat(where, **told))
        return found


class FailOverCall(ClusterCall):
    """What the fixture `rds_failover` is: call it, or await `run` in an asynchronous test."""

    def __call__(
        self, target: str | None = None, *, profile: str | None = None, wait: bool = True
    ) -> Sequence[Milestone]:
        """Trigger a failover. See `TrialRunner.fail_over`."""
        _refuse_to_block(self._runner, "await rds_failover.run(...)")
        return self._runner.fail_over(target, profile=profile, wait=wait)

    async def run(
        self, target: str | None = None, *, profile: str | None = None, wait: bool = True
    ) -> Sequence[Milestone]:
        """Trigger a failover while the loop of the test goes on."""
        found: Sequence[Milestone] = await in_thread(
            self._runner, lambda: self._runner.fail_over(target, profile=profile, wait=wait)
        )
        return found


class AwaitedObservation:
    """A load that runs, in an asynchronous test."""

    def __init__(self, runner: TrialRunner, observation: Observation) -> None:
        self._runner, self._observation = runner, observation

    async def warm_up(self) -> None:
        """Let the load run undisturbed, as long as the plan says."""
        await in_thread(self._runner, self._observation.warm_up)

    @property
    def silence(self) -> float:
        """Return for how many seconds no write of any writer has been acknowledged by now."""
        return self._observation.silence

    @property
    def trial(self) -> Trial:
        """Return the verdict, once the block is left without an error."""
        return self._observation.trial


class ObservationBlock:
    """A load for a block of the test, entered by `with` or by `async with`."""

    def __init__(self, runner: TrialRunner, endpoint: Endpoint, options: LoadOptions) -> None:
        self._runner, self._endpoint, self._options = runner, endpoint, options
        self._block: AbstractContextManager[Observation]
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Observation:
        self._block = self._runner.load(self._endpoint, **self._options)
        return self._block.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        __tracebackhide__ = True
        return self._block.__exit__(kind, error, traceback)

    async def __aenter__(self) -> AwaitedObservation:
        self._loop = _this_loop()
        self._options = _in_this_loop(self._options)
        self._runner.loops.append(self._loop)
        try:
            return AwaitedObservation(self._runner, await in_thread(self._runner, self.__enter__))
        except BaseException as error:
            self._runner.loops.remove(self._loop)
            if isinstance(error, asyncio.CancelledError):  # the load may have begun just then
                with contextlib.suppress(BaseException):
                    await asyncio.to_thread(self.__exit__, type(error), error, None)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        __tracebackhide__ = True
        if self._loop is not None:
            self._runner.loops.remove(self._loop)
        found: bool | None = await in_thread(self._runner, self.__exit__, kind, error, traceback)
        return found


class LoadCall(ClusterCall):
    """What the fixture `rds_load` is."""

    def __call__(
        self, endpoint: Any = None, *others: Any, **options: Unpack[LoadOptions]
    ) -> ObservationBlock:
        """Return a load for a block of the test. See `TrialRunner.load`."""
        __tracebackhide__ = True
        return ObservationBlock(self._runner, check_endpoint("rds_load", endpoint, others), options)
