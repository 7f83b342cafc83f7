"""Trials that an asynchronous test awaits: its loop goes on, and its clients work in it."""

import asyncio
import threading

import pytest

from pytest_rdsfailover.load.event_loops import choose_loops
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.trial.awaited import FailOverCall, LoadCall, TrialCall
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = [pytest.mark.local, pytest.mark.one_server]
LOAD = {"writers": 4, "rate": 100.0, "warmup": 0.5, "cooldown": 0.1}


class Application:
    """A client that is bound to the loop in which it is made."""

    def __init__(self, endpoint):
        self.endpoint, self.loops = endpoint, set()

    async def __aenter__(self):
        import aiomysql

        self.pool = await aiomysql.create_pool(
            host=self.endpoint.host, port=self.endpoint.port, user=self.endpoint.user,
            password=self.endpoint.secret(), db=self.endpoint.database, minsize=1, maxsize=8,
            autocommit=True, pool_recycle=0,
        )  # fmt: skip
        return self

    async def __aexit__(self, *_):
        self.pool.terminate()
        await self.pool.wait_closed()

    async def write(self, key):
        self.loops.add(asyncio.get_running_loop())
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))


@pytest.fixture
def application(resting):
    return Application(resting.writer_endpoint)


async def beating(beats):
    while True:
        await asyncio.sleep(0.01)
        beats.append(None)


def test_a_trial_is_awaited_and_its_coroutines_run_in_the_loop_of_the_test(
    runner, resting, application
):
    async def test():
        beats = []
        heart = asyncio.create_task(beating(beats))
        async with application:
            trial = await TrialCall(runner, None).run(
                resting.writer_endpoint, workload=application.write, **LOAD
            )
        heart.cancel()
        assert application.loops == {asyncio.get_running_loop()}
        assert len(beats) > 20, "the loop went on"
        return trial

    trial = asyncio.run(test())

    assert trial.valid, trial.reason
    assert trial.writer_before != trial.writer_after
    assert not [each for each in trial.complaints if "loop" in each.text]


def test_a_load_is_entered_and_left_and_disturbed_without_blocking_the_loop(
    runner, resting, application
):
    async def test():
        async with application:
            options = LOAD | {"workload": application.write}
            async with LoadCall(runner, None)(resting.writer_endpoint, **options) as load:
                await load.warm_up()
                assert load.silence < 2.0
                seen = await FailOverCall(runner, None).run()
        return load.trial, seen

    trial, seen = asyncio.run(test())

    assert trial.valid, trial.reason
    assert "promoted" in {each.name for each in seen}
    assert {each.name for each in trial.milestones} == {each.name for each in seen}
    assert application.loops
    assert runner.loops == []


def test_what_would_block_the_loop_of_a_load_is_refused_with_what_to_write(
    runner, resting, application
):
    async def test():
        async with application:
            options = LOAD | {"workload": application.write}
            async with LoadCall(runner, None)(resting.writer_endpoint, **options):
                with pytest.raises(SettingError, match=r"await rds_failover.run\(...\)"):
                    FailOverCall(runner, None)()
            with pytest.raises(SettingError, match=r"await rds_trial.run\(...\)"):
                TrialCall(runner, None)(
                    resting.writer_endpoint,
                    workload=application.write,
                    loop=asyncio.get_running_loop(),
                    **LOAD,
                )

    asyncio.run(test())


def test_a_workload_that_does_not_work_fails_the_awaited_trial_as_any_other(runner, resting, noted):
    async def broken(_):
        raise RuntimeError("the card was declined")

    async def test():
        with pytest.raises(InvalidTrialError, match="RuntimeError: the card was declined"):
            await TrialCall(runner, None).run(resting.writer_endpoint, workload=broken, **LOAD)
        with pytest.raises(InvalidTrialError, match="the card was declined"):
            async with LoadCall(runner, None)(
                resting.writer_endpoint, workload=broken, **LOAD
            ) as load:
                await load.warm_up()
                await FailOverCall(runner, None).run()

    asyncio.run(test())
    assert [trial.valid for trial in noted] == [False, False]


def writers(but=()):
    """Return the threads of writers, but for those that hang since another test."""
    found = (each for each in threading.enumerate() if each.name.startswith("rds-writer"))
    return [each for each in found if each not in but]


@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_test_that_is_cancelled_gives_its_trial_up_and_leaves_nothing(
    runner, resting, application, noted, asynchronous
):
    hanging = writers()
    own = {"workload": application.write} if asynchronous else {}

    async def test():
        async with application:
            run = TrialCall(runner, None).run(
                resting.writer_endpoint, **own, **LOAD | {"warmup": 60.0}
            )
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(run, 1.0)
            assert writers(but=hanging) == []
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    async with LoadCall(runner, None)(resting.writer_endpoint, **own, **LOAD):
                        await asyncio.sleep(60.0)
            assert writers(but=hanging) == []
            return await TrialCall(runner, None).run(resting.writer_endpoint, **own, **LOAD)

    trial = asyncio.run(test())

    assert trial.valid, trial.reason
    assert noted == [trial]
    with resting.writer_endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES LIKE 'rds\\_writes\\_%'")
        assert cursor.fetchall() == ()


def test_a_loop_of_another_kind_than_asyncio_is_refused(runner, resting):
    run = TrialCall(runner, None).run(resting.writer_endpoint, **LOAD)

    with pytest.raises(SettingError, match="only a loop of asyncio"):
        run.send(None)  # as another kind of loop would


def test_the_loop_of_a_thread_is_its_own_and_no_other_s():
    async def test():
        loop = asyncio.get_running_loop()
        with pytest.raises(SettingError, match="would wait for itself"):
            choose_loops(loop, "one")
        await asyncio.to_thread(choose_loops, loop, "one")

    asyncio.run(test())
