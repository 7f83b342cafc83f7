"""A function that returns before its work is done has acknowledged nothing."""

import asyncio
import concurrent.futures
import functools
import threading
import time

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.returned import settled
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.model.endpoints import Bounds

JOURNAL = Journal("run", 1)


def perform(function):
    workload = CallWorkload(JOURNAL, function)
    try:
        session = workload.open(0, Bounds())
        session.perform(workload.steps[0], 0)
    finally:
        workload.drop(None)


def fails(key):
    time.sleep(0.05)
    raise KeyError(key)


async def fails_later(key):
    await asyncio.sleep(0.05)
    raise KeyError(key)


def calls(key):
    return fails_later(key)


def generates(key):
    yield key


async def generates_later(key):
    yield key


class Foreign:
    """What a library's own executor returns, such as Dask's."""

    def __init__(self, key):
        self.key = key

    def result(self):
        raise KeyError(self.key)

    def done(self):
        return True

    def add_done_callback(self, function): ...


@pytest.fixture(scope="module")
def pool():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield pool


def test_work_that_was_only_begun_is_waited_for_with_its_error(pool):
    async def task(key):
        return await asyncio.create_task(fails_later(key))

    async def only_begins(key):
        return asyncio.create_task(fails_later(key))

    async def begins_several(key):
        return asyncio.gather(fails_later(key), asyncio.sleep(0))

    async def submits(key):
        return pool.submit(fails, key)

    for function in (
        lambda key: pool.submit(fails, key),
        fails_later,
        calls,
        task,
        only_begins,
        begins_several,
        submits,
        Foreign,
    ):
        with pytest.raises(KeyError, match="run-0-0"):
            perform(function)


class Query:
    """An awaitable that is no coroutine, as ORMs have it."""

    def __init__(self, key):
        self.key = key

    def __await__(self):
        return fails_later(self.key).__await__()


def test_an_awaitable_of_any_kind_is_awaited():
    with pytest.raises(KeyError, match="run-0-0"):
        perform(Query)


async def forgets_to_await(key):
    return fails_later(key)


async def forgets_a_query(key):
    return Query(key)


@pytest.mark.parametrize(
    ("returned", "remedy"),
    [
        (generates, "a generator, of which nothing has run; use it up"),
        (forgets_to_await, "a coroutine, of which nothing has run; await it"),
        (forgets_a_query, "a Query, of which nothing has run; await it"),
        (generates_later, "an async_generator.*use it up"),
        (lambda key: map(fails, [key]), "a map, of which nothing has run"),
        (lambda _: threading.Thread(target=print), "a Thread.*join it"),
        (lambda _: fails, "a function.*call it"),
        (lambda key: functools.partial(fails, key), "a partial.*call it"),
    ],
)
def test_work_that_nobody_can_wait_for_is_refused_with_the_remedy(returned, remedy):
    with pytest.raises(TypeError, match=remedy):
        perform(partial_of(returned))


def partial_of(function):
    """Return a plain function that calls another, whose own kind cannot be told beforehand."""
    return lambda key, call=function: call(key)


class Cursor:
    """What a driver returns: it can be iterated over, and has a method get."""

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def get(self): ...


@pytest.mark.parametrize("returned", [None, 1, "text", [], {"a": 1}, Cursor(), object(), Foreign])
def test_any_other_result_is_nobody_s_business(returned):
    perform(lambda _: returned)


def test_what_is_no_promise_is_passed_on(pool):
    assert settled(len, 5) == 5
    assert settled(pool.submit, pool.submit(len, "four")) == 4
