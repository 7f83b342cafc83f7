import asyncio

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.errors import CancelledWorkError, SettingError

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
    loop = workload.runner(0).get_loop()
    workload.drop(None)

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
    workload.open(0, Bounds()).close()
    workload.drop(None)

    with pytest.raises(CancelledWorkError, match=function.__name__):
        CallWorkload(JOURNAL, print, stored=function).stored(None)


def test_stored_keys_are_told_apart_from_those_of_others_and_keep_their_duplicates():
    async def later():
        return ["run-1-2", "run-1-2", "other-0-0", 7]

    for stored in (lambda: ["run-1-2", "run-1-2", "other-0-0", 7], later):
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
        (one, {"stored": ["a"]}, r"stored: \['a'\] is no function"),
        (one, {"renew": "on_error"}, "renew: without setup there is no session"),
        (two, {"setup": list, "renew": "onerror"}, "renew='onerror'; did you mean 'on_error'"),
        (two, {"setup": one}, "setup: one is called without arguments"),
        (two, {"setup": none, "teardown": none}, "teardown: none is called with what setup"),
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


@pytest.mark.parametrize("found", [[("run-1-2",)], [b"run-1-2"], "run-1-2", [["run-1-2"]]])
def test_rows_in_place_of_keys_are_an_error_and_not_a_table_that_lost_all(found):
    with pytest.raises(TypeError, match="return the keys themselves, one text each"):
        CallWorkload(JOURNAL, print, stored=lambda: found).stored(None)


def test_every_event_loop_is_closed_though_closing_one_fails(monkeypatch):
    workload = CallWorkload(Journal("run", 3), lambda key: key)
    loops = [workload.runner(writer).get_loop() for writer in range(3)]
    close = workload.runner(1).close

    def fails():
        close()
        raise RuntimeError("a callback of the user's own")

    monkeypatch.setattr(workload.runner(1), "close", fails)
    with pytest.raises(RuntimeError, match="a callback"):
        workload.drop(None)

    assert all(loop.is_closed() for loop in loops)
