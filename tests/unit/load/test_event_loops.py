"""Which event loop a load's coroutines run in."""

import asyncio

import pytest

from pytest_rdsfailover.load.event_loops import (
    GIVEN,
    OURS,
    PER_WRITER,
    LoopPerWriter,
    SharedLoop,
    choose_loops,
    process_loop,
)


@pytest.mark.parametrize(
    ("loops", "kind", "name"),
    [("one", SharedLoop, OURS), ("per writer", LoopPerWriter, PER_WRITER)],
)
def test_without_a_loop_of_the_applications_the_load_has_one_or_one_for_each_writer(
    loops, kind, name
):
    chosen = choose_loops(None, loops)
    assert (type(chosen), chosen.name) == (kind, name)
    ran = {writer: chosen.run(writer, running()) for writer in (1, 2)}
    assert (ran[1] is ran[2]) is (kind is SharedLoop)
    assert (ran[1] is process_loop()) is (kind is SharedLoop)
    assert chosen.run(1, running()) is ran[1]
    chosen.close()


async def running():
    return asyncio.get_running_loop()


def test_a_loop_of_the_applications_is_named_as_given():
    assert SharedLoop(process_loop()).name == GIVEN
    assert choose_loops(process_loop(), "one").run(0, running()) is process_loop()


def test_nobody_waits_where_nothing_runs():
    assert LoopPerWriter().stack(0) == SharedLoop().stack(0) == []
