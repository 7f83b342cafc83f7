"""What an asynchronous test awaits: a thread does the work, and its loop goes on. The runner is a stand-in."""

import asyncio
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.trial.awaited import FailOverCall, LoadCall, TrialCall, TrialsCall

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)


async def write(_):
    """Be a workload of the user's own."""


class Runner:
    """Tells what it was asked for, and in which thread; works until it is let go or given up."""

    def __init__(self, error=None):
        self.loops, self.threads, self.steps, self.error = [], [], [], error
        self.begun, self.freed = threading.Event(), threading.Event()
        self.freed.set()

    @contextmanager
    def giving_up(self):
        self.steps.append("give up")
        self.freed.set()
        yield
        self.steps.append("cleaned up")

    def work(self, *told, **options):
        self.threads.append(threading.current_thread())
        self.begun.set()
        assert self.freed.wait(10)
        self.steps.append("worked")
        if self.error:
            raise self.error
        return told, options

    trial = fail_over = work

    @contextmanager
    def load(self, endpoint, **options):
        self.options = options
        self.work(endpoint)
        try:
            yield SimpleNamespace(
                warm_up=lambda: self.work("warm up"), silence=0.5, trial=self.loops.copy()
            )
        finally:
            self.threads.append(threading.current_thread())
            self.steps.append("ended")


async def trial(runner, **options):
    return await TrialCall(runner, None).run(PLACE, **options)


async def trials(runner, **options):
    return await TrialsCall(runner, runner.work, None).run(PLACE, **options)


async def fail_over(runner):
    return await FailOverCall(runner, None).run("instance-2", profile="crash", wait=False)


FAILOVER = (("instance-2",), {"profile": "crash", "wait": False})


@pytest.mark.parametrize(
    ("call", "result"),
    [(trial, ((PLACE,), {})), (trials, ((PLACE,), {})), (fail_over, FAILOVER)],
)
def test_what_is_awaited_is_done_in_another_thread_and_returned(call, result):
    runner = Runner()

    assert asyncio.run(call(runner)) == result
    assert threading.current_thread() not in runner.threads


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (lambda runner: TrialCall(runner, None)(PLACE, writers=2), ((PLACE,), {"writers": 2})),
        (lambda runner: TrialsCall(runner, runner.work, None)(PLACE), ((PLACE,), {})),
        (
            lambda runner: FailOverCall(runner, None)("instance-2", profile="crash", wait=False),
            FAILOVER,
        ),
    ],
)
def test_what_is_called_is_done_in_this_thread_and_returned(call, result):
    runner = Runner()

    assert call(runner) == result
    assert runner.threads == [threading.current_thread()]


@pytest.mark.parametrize("call", [trial, trials])
@pytest.mark.parametrize(
    ("options", "given"),
    [
        ({"workload": write}, True),
        ({"workload": {write: 1}, "processes": 1}, True),
        ({"workload": write, "processes": 2}, False),
        ({"workload": write, "loop": None}, False),
        ({"workload": write, "loops": "one"}, False),
        ({"workload": {"write": 1}}, False),
        ({}, False),
    ],
)
def test_the_users_coroutines_get_the_loop_of_the_test_unless_it_says_another(call, options, given):
    async def test():
        told = (await call(Runner(), **options))[1]
        assert told == options | ({"loop": asyncio.get_running_loop()} if given else {})

    asyncio.run(test())


@pytest.mark.parametrize("error", [None, AssertionError("no verdict is asked for any more")])
def test_who_is_cancelled_gives_the_work_up_and_waits_until_it_is_cleaned_up(error):
    async def test():
        runner = Runner(error)
        runner.freed.clear()
        task = asyncio.create_task(trial(runner))
        await asyncio.to_thread(runner.begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return runner.steps

    assert asyncio.run(test()) == ["give up", "worked", "cleaned up"]


@pytest.mark.parametrize("call", [trial, trials, fail_over])
def test_what_no_loop_of_asyncio_runs_is_refused(call):
    with pytest.raises(SettingError, match="only a loop of asyncio"):
        call(Runner(), **({} if call is fail_over else {"workload": write})).send(None)


def test_a_failover_that_would_block_the_loop_of_a_load_is_refused():
    async def test():
        runner = Runner()
        runner.loops.append(asyncio.get_running_loop())
        with pytest.raises(SettingError, match=r"await rds_failover\.run"):
            FailOverCall(runner, None)()
        assert runner.threads == []

    asyncio.run(test())


def test_a_load_has_the_loop_of_the_test_for_as_long_as_its_block():
    async def test():
        runner = Runner()
        async with LoadCall(runner, None)(PLACE, workload=write) as load:
            assert runner.loops == [asyncio.get_running_loop()]
            await load.warm_up()
            assert load.silence == 0.5
        assert (runner.loops, load.trial) == ([], [asyncio.get_running_loop()])
        assert runner.options == {"workload": write, "loop": asyncio.get_running_loop()}
        assert len(runner.threads) == 3
        assert threading.current_thread() not in runner.threads

    asyncio.run(test())


def test_a_load_that_does_not_begin_leaves_the_loop_to_the_test():
    async def test():
        runner = Runner(AssertionError("no table"))
        with pytest.raises(AssertionError, match="no table"):
            async with LoadCall(runner, None)(PLACE):
                raise NotImplementedError("it began")
        assert runner.loops == []

    asyncio.run(test())


def test_a_load_that_began_while_its_task_was_cancelled_is_ended():
    async def test():
        runner = Runner()
        runner.freed.clear()

        async def block():
            async with LoadCall(runner, None)(PLACE):
                raise NotImplementedError("it began")

        task = asyncio.create_task(block())
        await asyncio.to_thread(runner.begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert runner.loops == []
        assert runner.steps == ["give up", "worked", "cleaned up", "ended"]

    asyncio.run(test())


def test_a_load_of_a_test_without_a_loop_runs_in_its_thread():
    runner = Runner()
    with LoadCall(runner, None)(PLACE, writers=3) as load:
        load.warm_up()

    assert runner.options == {"writers": 3}
    assert runner.threads == [threading.current_thread()] * 3


@pytest.mark.parametrize("call", [TrialCall, FailOverCall, LoadCall])
def test_the_same_is_done_to_another_cluster_of_the_test(call):
    other = Runner()
    clusters = {"orders": other}

    there = call(Runner(), clusters.get).on("orders")
    assert isinstance(there, call)
    assert (there._runner, there.on("orders")._runner) == (other, other)


def test_trials_are_repeated_on_another_cluster_of_the_test():
    there = TrialsCall(None, None, None)
    assert TrialsCall(Runner(), None, {"orders": there}.get).on("orders") is there
