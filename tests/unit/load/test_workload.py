import asyncio

import pytest

from pytest_rdsfailover.endpoints import Bounds
from pytest_rdsfailover.journal import Journal
from pytest_rdsfailover.load.workload import CallWorkload

JOURNAL = Journal("run", 2)


def perform(session, sequence):
    """Do the only thing that a session does."""
    (step,) = session._workload.steps
    return session.perform(step, sequence)


def test_a_function_gets_a_key_that_names_run_writer_and_write():
    keys = []
    session = CallWorkload(JOURNAL, keys.append).open(1, Bounds())

    perform(session, 0)
    perform(session, 1)

    assert keys == ["run-1-0", "run-1-1"]
    assert session.instance is None


def test_what_the_function_raises_comes_through():
    session = CallWorkload(JOURNAL, {}.__getitem__).open(0, Bounds())

    with pytest.raises(KeyError):
        perform(session, 0)


def test_a_writer_keeps_its_event_loop_after_a_failure_as_pools_are_bound_to_theirs():
    loops = []

    async def write(key):
        loops.append((key[:5], asyncio.get_running_loop()))

    workload = CallWorkload(JOURNAL, write)
    for writer in (0, 0, 1):
        session = workload.open(writer, Bounds())
        perform(session, 0)
        session.close()
    workload.drop(None)

    assert loops[0] == loops[1]
    assert loops[1][1] is not loops[2][1]
    assert all(loop.is_closed() for _, loop in loops)


def test_each_session_sets_up_and_tears_down_what_its_writes_get():
    seen = []
    workload = CallWorkload(
        JOURNAL,
        lambda key, state: seen.append((key, state)),
        setup=lambda: "state",
        teardown=lambda state: seen.append(("down", state)),
    )
    session = workload.open(0, Bounds())

    perform(session, 3)
    session.close()

    assert seen == [("run-0-3", "state"), ("down", "state")]


def test_stored_keys_are_told_apart_from_those_of_others_and_keep_their_duplicates():
    async def later():
        return ["run-1-2", "run-1-2", "other-0-0", 7]

    for stored in (lambda: ["run-1-2", "run-1-2", "other-0-0", 7], later):
        workload = CallWorkload(JOURNAL, print, stored=stored)
        assert workload.stored(None) == [(1, 2), (1, 2)]


def test_without_a_way_to_read_back_nobody_can_tell_what_is_stored():
    assert CallWorkload(JOURNAL, print).stored(None) is None
