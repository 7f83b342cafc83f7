import asyncio
import contextlib
import contextvars
import multiprocessing.pool
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import user_code
from pytest_rdsfailover.load.audit import is_mistake
from pytest_rdsfailover.load.complaints import Complaints
from pytest_rdsfailover.load.event_loops import LoopPerWriter, SharedLoop, choose_loops
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.errors import (
    AuditError,
    CancelledWorkError,
    ExitedWorkError,
    SettingError,
)

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


@pytest.mark.parametrize("chosen", [SharedLoop, LoopPerWriter])
def test_a_writer_keeps_its_event_loop_after_a_failure_as_pools_are_bound_to_theirs(chosen):
    loops = []

    async def write(key):
        loops.append((key[:5], asyncio.get_running_loop()))

    workload = CallWorkload(JOURNAL, write, event_loops=chosen())
    for writer in (0, 0, 1):
        session = workload.open(writer, Bounds())
        perform(session, 0)
        session.close()
    workload.drop(None)

    assert loops[0] == loops[1]
    assert (loops[1][1] is loops[2][1]) is (chosen is SharedLoop)
    assert all(loop.is_closed() for _, loop in loops) is (chosen is LoopPerWriter)


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


def test_a_teardown_without_a_setup_is_called_with_nothing():
    seen = []
    workload = CallWorkload(JOURNAL, seen.append, teardown=lambda: seen.append("down"))
    session = workload.open(0, Bounds())

    perform(session, 3)
    session.close()

    assert seen == ["run-0-3", "down"]


def test_a_session_after_a_failure_is_set_up_anew():
    states, seen = iter(["first", "second"]), []
    workload = CallWorkload(
        JOURNAL,
        lambda key, state: seen.append((key, state)),
        setup=lambda: next(states),
        teardown=lambda state: seen.append(("down", state)),
    )
    for sequence in (0, 1):
        session = workload.open(0, Bounds())
        perform(session, sequence)
        session.close()

    assert seen == [
        ("run-0-0", "first"), ("down", "first"), ("run-0-1", "second"), ("down", "second")]  # fmt: skip


def test_asynchronous_setup_and_teardown_run_in_the_event_loop_of_their_writes():
    seen = []

    def noting(what, result=None):
        async def note(*given):
            seen.append((what, *given, asyncio.get_running_loop()))
            return result

        return note

    workload = CallWorkload(
        JOURNAL, noting("write"), setup=noting("up", "state"), teardown=noting("down")
    )
    session = workload.open(0, Bounds())
    perform(session, 0)
    session.close()
    workload.drop(None)

    loop = seen[0][-1]
    assert seen == [("up", loop), ("write", "run-0-0", "state", loop), ("down", "state", loop)]


async def cancelled(*_):
    raise asyncio.CancelledError


def cancelled_by_itself(*_):
    raise asyncio.CancelledError


@pytest.mark.parametrize("function", [cancelled, cancelled_by_itself])
def test_what_was_cancelled_is_an_error_of_the_application_like_any_other(function):
    workload = CallWorkload(JOURNAL, function)
    with pytest.raises(CancelledWorkError, match=function.__name__):
        perform(workload.open(0, Bounds()), 0)
    workload.drop(None)

    workload = CallWorkload(JOURNAL, print, setup=function)
    with pytest.raises(CancelledWorkError, match=function.__name__):
        workload.open(0, Bounds())
    workload.drop(None)

    workload = CallWorkload(JOURNAL, print, setup=list, teardown=function)
    with pytest.raises(CancelledWorkError, match=function.__name__):
        workload.open(0, Bounds()).close()
    workload.drop(None)

    with pytest.raises(CancelledWorkError, match=function.__name__):
        CallWorkload(JOURNAL, print, stored=function).stored(None)


def leaves(*_):
    sys.exit("no order number")


async def leaves_later(*_):
    sys.exit("no order number")


async def lets_others_leave(*_):
    await asyncio.gather(leaves_later(), asyncio.sleep(0))


def fails_the_test(*_):
    pytest.fail("no order number")


EXITS = [leaves, leaves_later, lets_others_leave, fails_the_test]


@pytest.mark.parametrize("loops", [SharedLoop, LoopPerWriter])
@pytest.mark.parametrize("function", EXITS)
def test_what_would_end_a_program_or_a_test_is_an_error_of_the_application(function, loops):
    workload = CallWorkload(JOURNAL, function, event_loops=loops())
    told = rf"{function.__name__} ended with \w+: no order number; raise an error"
    for sequence in range(2):  # the loop is still there
        with pytest.raises(ExitedWorkError, match=told) as error:
            perform(workload.open(0, Bounds()), sequence)
        assert any(entry.path.name == "test_user_code.py" for entry in error.traceback[1:])
    workload.drop(None)

    with pytest.raises(ExitedWorkError, match=told):
        CallWorkload(JOURNAL, print, setup=function).open(0, Bounds())
    with pytest.raises(ExitedWorkError, match=told) as error:
        CallWorkload(JOURNAL, print, stored=function).stored(None)
    assert is_mistake(error.value)  # told at once
    with pytest.raises(ExitedWorkError, match=told):
        CallWorkload(JOURNAL, print, setup=list, teardown=function).open(0, Bounds()).close()


def interrupted(_):
    raise KeyboardInterrupt


def test_ctrl_c_is_no_error_of_the_application():
    with pytest.raises(KeyboardInterrupt):
        perform(CallWorkload(JOURNAL, interrupted).open(0, Bounds()), 0)


async def interrupted_too(_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("function", [interrupted, interrupted_too])
def test_an_interrupt_that_the_application_raises_in_a_writer_is_an_error_of_its(function):
    """Ctrl-C reaches the first thread only; this one would end the writer, and its load much later."""
    session = CallWorkload(JOURNAL, function).open(0, Bounds())
    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(perform, session, 0).exception(timeout=10)
    session.close()

    assert isinstance(error, ExitedWorkError)
    assert "KeyboardInterrupt" in str(error)


def test_stored_keys_are_told_apart_from_those_of_others_and_keep_their_duplicates():
    async def later():
        return ["run-1-2", "run-1-2", "other-0-0", "7"]

    for stored in (lambda: ["run-1-2", "run-1-2", "other-0-0", "7"], later):
        workload = CallWorkload(JOURNAL, print, stored=stored)
        assert workload.stored(None) == [(1, 2), (1, 2)]


def test_without_a_way_to_read_back_nobody_can_tell_what_is_stored():
    assert CallWorkload(JOURNAL, print).stored(None) is None


def one(key):
    """Write."""


def two(key, connection):
    """Write on a connection."""


def none():
    """Take nothing."""


def yields(key):
    yield key


@pytest.mark.parametrize(
    ("function", "options", "complaint"),
    [
        (none, {}, "workload: none is called with the key: too many"),
        (two, {}, "workload: two is called with the key: missing .*'connection'"),
        (one, {"setup": list}, "workload: one is called with the key and what setup returned"),
        (yields, {}, "workload: yields yields, so that a call of it runs nothing"),
        (one, {"reads": one}, "reads: one is called without arguments: missing"),
        (one, {"stored": one}, "stored: one is called without arguments: missing"),
        (one, {"stored": ["a"]}, "stored: a list is no function; did you call it?"),
        (None, {}, "workload: None is no function; did you call it?.* not workload=place_order"),
        ({one: 1, None: 2}, {}, "workload: None is no function"),
        (one, {"reads": {7: 1}}, "reads: a int is no function"),
        (two, {"setup": "x"}, "setup: a str is no function"),
        (one, {"renew": "on_error"}, "nothing to renew without setup"),
        (two, {"setup": list, "renew": "onerror"}, "renew: .*not 'onerror'"),
        (two, {"setup": one}, "setup: one is called without arguments"),
        (two, {"setup": none, "teardown": none}, "teardown: none is called with what setup"),
        (one, {"teardown": one}, "teardown: one is called without arguments: missing"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused_before_anybody_calls_it(
    function, options, complaint
):
    with pytest.raises(SettingError, match=complaint):
        CallWorkload(JOURNAL, function, **options)


def test_functions_that_tell_no_signature_or_take_anything_are_taken():
    for function in (min, lambda *_, **__: None, lambda _key, attempt: attempt):
        CallWorkload(JOURNAL, function)


def test_every_event_loop_is_closed_though_closing_one_fails(monkeypatch):
    loops, made = LoopPerWriter(), []

    async def nothing():
        made.append(asyncio.get_running_loop())

    for writer in range(3):
        loops.run(writer, nothing())
    close = loops._runners[1].close

    def fails():
        close()
        raise RuntimeError("a callback of the user's own")

    monkeypatch.setattr(loops._runners[1], "close", fails)
    with pytest.raises(RuntimeError, match="a callback"):
        loops.close()

    assert all(loop.is_closed() for loop in made)


def test_all_loads_of_a_process_share_one_loop_to_which_their_clients_are_bound():
    async def where():
        return asyncio.get_running_loop()

    first, second = SharedLoop(), SharedLoop()
    loop = first.run(0, where())
    first.close()

    assert second.run(7, where()) is loop


def test_the_applications_own_loop_runs_the_coroutines_and_is_left_running():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    seen = []

    async def write(_):
        seen.append(asyncio.get_running_loop())

    workload = CallWorkload(JOURNAL, write, event_loops=choose_loops(loop, "one"))
    perform(workload.open(0, Bounds()), 0)
    assert seen == [loop]
    workload.drop(None)
    assert loop.is_running()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("loop", "loops", "says"),
    [
        ("running", "one", "an event loop of asyncio"),
        (None, "each", '"one" or "per writer"'),
        (None, None, '"one" or "per writer"'),
        (asyncio.SelectorEventLoop, "one", "an event loop of asyncio"),
    ],
)
def test_loops_that_make_no_sense_are_refused(loop, loops, says):
    with pytest.raises(SettingError, match=says):
        choose_loops(loop, loops)


def test_a_loop_that_does_not_run_is_refused():
    loop = asyncio.new_event_loop()
    with pytest.raises(SettingError, match="not running"):
        choose_loops(loop, "one")
    loop.close()


def test_a_hanging_coroutine_shows_where_it_waits_and_is_cancelled_at_the_end():
    waiting, ended = threading.Event(), []

    async def inner():
        waiting.set()
        await asyncio.Event().wait()

    async def outer():
        try:
            await inner()
        finally:
            ended.append(True)

    loops = SharedLoop()
    writer = threading.Thread(target=lambda: suppressed(loops.run, 4, outer()))
    writer.start()
    assert waiting.wait(10)
    loop, *lines = loops.stack(4)
    assert loop == "in the load's own event loop (loop= gives it the application's):"
    assert [line.rpartition(" ")[2] for line in lines][:2] == ["outer", "inner"]
    loops.close()
    writer.join(10)
    assert ended == [True]
    assert loops.stack(4) == []


@pytest.mark.parametrize(
    ("chosen", "name"),
    [(SharedLoop, "the load's own event loop"), (LoopPerWriter, "the writer's own event loop")],
)
def test_a_time_out_of_a_coroutine_names_the_loop_that_it_ran_in(chosen, name):
    async def write(_key):
        async with asyncio.timeout(0):
            await asyncio.sleep(9)

    workload, complaints = CallWorkload(JOURNAL, write, event_loops=chosen()), Complaints()
    with pytest.raises(TimeoutError) as raised:
        perform(workload.open(0, Bounds()), 0)
    workload.drop(None)

    complaints.note(raised.value, 0)
    (complaint,) = complaints.found()
    assert f"in {name}" in complaint.text
    assert "in write\n" in complaint.trace
    assert not complaint.remedy


def test_a_called_coroutine_function_is_refused_and_leaves_no_warning():
    with pytest.raises(SettingError, match="workload: a coroutine is no function; did you call it"):
        CallWorkload(JOURNAL, waits_for_ever())


async def waits_for_ever():
    await asyncio.Event().wait()


def hangs(never=threading.Event()):  # noqa: B008 - the same one in every call
    never.wait()


def hangs_later():
    return (hangs() for _ in range(3))


@pytest.mark.parametrize("stored", [waits_for_ever, hangs, hangs_later])
@pytest.mark.parametrize("loops", ["one", "per writer"])
def test_stored_keys_that_never_come_are_waited_for_with_a_bound(monkeypatch, stored, loops):
    monkeypatch.setattr(user_code, "LONGEST_AUDIT", 0.05)
    workload = CallWorkload(JOURNAL, print, stored=stored, event_loops=choose_loops(None, loops))
    with pytest.raises(AuditError, match=r"stored has not returned after 0\.05 s") as error:
        workload.stored(None)

    assert stored.__name__.removesuffix("_later") in error.value.trace
    assert "pytest_rdsfailover/load" not in error.value.trace
    workload.drop(None)


def test_a_time_out_of_the_user_s_own_is_no_call_that_has_not_returned():
    def times_out():
        raise TimeoutError("no connection within 2 s")

    with pytest.raises(TimeoutError, match="no connection within 2 s"):
        CallWorkload(JOURNAL, print, stored=times_out).stored(None)


def test_stored_sees_the_context_of_its_test():
    keys = contextvars.ContextVar("keys")
    keys.set(["run-0-0"])
    workload = CallWorkload(JOURNAL, print, stored=lambda: list(keys.get()))
    assert workload.stored(None) == [(0, 0)]


def test_a_coroutine_that_runs_before_its_writer_waits_for_it_is_cancelled_too():
    started, ended = threading.Event(), []

    class Slow(set):
        """The futures that writers wait for; one is added only once `close` is under way."""

        def add(self, future):
            started.wait(10)
            time.sleep(0.05)
            super().add(future)

    async def hanging():
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    loops = SharedLoop()
    loops._waiting = Slow()
    writer = threading.Thread(target=lambda: suppressed(loops.run, 4, hanging()), daemon=True)
    writer.start()
    assert started.wait(10)
    loops.close()
    assert ended == [True]
    writer.join(10)
    assert not writer.is_alive()


def suppressed(function, *arguments):
    with contextlib.suppress(asyncio.CancelledError):
        function(*arguments)


@pytest.mark.parametrize("loops", [SharedLoop, LoopPerWriter])
@pytest.mark.parametrize("exit_", [SystemExit, KeyboardInterrupt])
def test_what_would_end_a_loop_reaches_the_writer_and_leaves_the_loop_alone(loops, exit_):
    async def leave():
        raise exit_

    async def stay():
        return "there"

    made = loops()
    with pytest.raises(exit_):
        made.run(0, leave())
    assert made.run(0, stay()) == "there"
    made.close()


# What nobody awaited: a write is acknowledged when it is done, not when it was handed over.


@pytest.mark.parametrize("kind", ["futures", "multiprocessing"])
def test_work_given_to_a_pool_is_waited_for_and_its_error_is_the_writes(kind):
    def slow(key):
        time.sleep(0.05)
        done.append(key)
        if key.endswith("1"):
            raise ConnectionResetError(key)

    done = []
    with ThreadPoolExecutor(1) as futures, multiprocessing.pool.ThreadPool(1) as pool:
        submit = {
            "futures": lambda key: futures.submit(slow, key),
            "multiprocessing": lambda key: pool.apply_async(slow, (key,)),
        }[kind]
        session = CallWorkload(JOURNAL, submit).open(0, Bounds())
        perform(session, 0)
        assert done == ["run-0-0"]
        with pytest.raises(ConnectionResetError, match="run-0-1"):
            perform(session, 1)


def forgets(kind):
    """Return a function that gives what `kind` makes, which nobody has waited for."""
    return lambda _: kind()


def generates():
    yield


async def generates_asynchronously():
    yield


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (forgets(generates), "nothing has run"),
        (forgets(generates_asynchronously), "nothing has run"),
        (forgets(threading.Thread), "join it"),
        (forgets(multiprocessing.Process), "join it"),
    ],
    ids=["generator", "asynchronous generator", "thread", "process"],
)
def test_what_nobody_has_waited_for_is_an_error_of_the_write(function, says):
    session = CallWorkload(JOURNAL, function).open(0, Bounds())
    with pytest.raises(TypeError, match=says):
        perform(session, 0)
