"""Clients that are shared as they must not be are recognised by what their libraries really say."""

import asyncio
import threading
import traceback

import pymysql
import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.complaints import Complaints
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.programs import ProcessWorkload
from pytest_rdsfailover.load.sharing import remedy_of
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.user_code import CallWorkload


def raised(function):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the library raises
        function()
    return caught.value


def future_of_another_loop():
    """Await a future of one loop in another one, as a client's inner one is."""
    other = asyncio.new_event_loop()
    future = other.create_future()

    async def awaits():
        await future

    try:
        asyncio.run(awaits())
    finally:
        other.close()


def queue_of_another_loop():
    """Wait for a queue in one loop that is already bound to another one, as a pool's is."""
    queue = asyncio.Queue()

    async def waits():
        await asyncio.wait_for(queue.get(), 0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(waits())
    asyncio.run(waits())


def closed_loop():
    loop = asyncio.new_event_loop()
    loop.close()
    loop.call_soon(print)


@pytest.mark.parametrize("function", [future_of_another_loop, queue_of_another_loop, closed_loop])
def test_a_client_of_another_loop_is_named(function):
    assert "shared across event loops" in remedy_of(raised(function))


def test_an_error_that_wraps_what_a_loop_said_is_named_too():
    wrapped = ValueError("the order failed")
    wrapped.__cause__ = raised(future_of_another_loop)

    assert "await rds_trial.run(...)" in remedy_of(wrapped)


def test_a_thread_without_a_loop_and_a_loop_within_a_loop_are_named():
    found = []

    def asks():
        try:
            asyncio.get_event_loop()
        except RuntimeError as error:
            found.append(error)

    thread = threading.Thread(target=asks)
    thread.start()
    thread.join()

    async def nests():
        coroutine = asyncio.sleep(0)
        try:
            asyncio.run(coroutine)
        finally:
            coroutine.close()

    assert "has no event loop" in remedy_of(found[0])
    assert "a loop within a loop" in remedy_of(raised(lambda: asyncio.run(nests())))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "readexactly() called while another coroutine is already waiting for incoming data"
        ),
        pymysql.err.InternalError("Packet sequence number wrong - got 3 expected 1"),
        pymysql.err.ProgrammingError(2014, "Commands out of sync; you can't run this command now"),
    ],
)
def test_a_connection_that_several_writers_use_at_once_is_named(error):
    assert "one connection or session" in remedy_of(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("the card was declined"),
        pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query"),
        KeyError("loop"),
        ValueError("a different loophole is closed"),
    ],
)
def test_any_other_error_has_no_remedy_of_ours(error):
    assert remedy_of(error) == ""


def misses_a_card():
    return {}["card"]


def misses_an_order():
    return {}["order"]


def test_errors_of_one_class_from_different_lines_are_told_apart():
    complaints = Complaints()
    for _ in range(2):
        for function in (future_of_another_loop, misses_a_card, misses_an_order):
            complaints.note(raised(function), 0)

    assert [each.count for each in complaints.found()] == [2, 2, 2]
    assert {each.text for each in complaints.found()} >= {"'card'", "'order'"}
    (shared,) = [each for each in complaints.found() if each.remedy]
    assert shared.remedy in str(shared)


def test_what_a_program_or_a_service_told_has_no_line_of_ours():
    workload = ProcessWorkload(command=["/bin/true"])
    session = workload.open()
    error = raised(lambda: workload.write("k-1", session))
    workload.close(session)
    error.__traceback__ = error.__traceback__.tb_next.tb_next  # those of this test
    complaints = Complaints()
    complaints.note(error, 0)

    (found,) = complaints.found()
    assert "/bin/true has ended (status 0) before it answered k-1" in found.text
    assert found.trace == ""


class UnspeakableError(Exception):
    """An error whose text cannot be had."""

    def __str__(self):
        raise KeyError("text")


class SilentError(Exception):
    __str__ = lambda _: None  # noqa: E731 - what no text is


@pytest.mark.parametrize("error", [UnspeakableError(), SilentError()])
def test_an_error_that_cannot_say_anything_is_a_complaint_all_the_same(error):
    complaints = Complaints()
    complaints.note(error, 0)

    (found,) = complaints.found()
    assert found.error == type(error).__name__
    assert "cannot be had" in found.text


def test_a_password_with_marks_of_its_own_is_masked_whole():
    complaints = Complaints()
    complaints.note(
        ValueError("no host in mysql+aiomysql://app:hun/t@er2@db:3306/x, api_key=k9"), 0
    )

    (found,) = complaints.found()
    assert found.text == "no host in mysql+aiomysql://app:***@db:3306/x, api_key=***"


def test_what_keeps_a_load_from_starting_is_shown_without_secrets():
    def setup():
        raise ValueError("cannot parse mysql://app:hunter2@db/x")

    journal = Journal("run", 1)
    workload = CallWorkload(journal, lambda _key, _state: None, setup=setup)
    load = ThreadLoad(workload, journal, rate=1.0)
    with pytest.raises(
        LoadError, match=r"ValueError: cannot parse mysql://app:\*\*\*@db"
    ) as raised:
        load.start(timeout=0.1)

    assert "hunter2" not in "".join(traceback.format_exception(raised.value))
    assert "in setup" in raised.value.__notes__[0]


def test_what_teardown_raises_is_told_apart_from_what_operations_do_and_without_secrets():
    def teardown(_):
        raise RuntimeError("mysql://app:hunter2@db/x: packet sequence number wrong")

    journal = Journal("run", 2)
    workload = CallWorkload(journal, lambda _key, _state: None, setup=list, teardown=teardown)
    load = ThreadLoad(workload, journal, rate=1.0)
    load.start()
    load.stop()

    (told,) = load.complaints
    assert (told.error, told.count, told.remedy) == ("teardown", 2, "")
    assert told.text == "RuntimeError: mysql://app:***@db/x: packet sequence number wrong"
    assert "in teardown" in told.trace
