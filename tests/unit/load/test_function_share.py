"""The share of a load that a function runs: late or in time, and with room for what it reports."""

import base64
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.parcel import pack
from pytest_rdsfailover.load import function
from pytest_rdsfailover.load.engine import LEAD, LoadError
from pytest_rdsfailover.load.function_messages import FunctionOrder, SentEndpoint, _kept
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.endpoints import Endpoint, Tls
from pytest_rdsfailover.model.records import Outcome

MS = SECOND // 1000
PLACE = SentEndpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)
# The second of two functions has the writers 1 and 3 of four, each with a slot every 100 ms.
ORDER = FunctionOrder(
    run="run", function=1, functions=2, writers=4, rate=40.0, start=0, seconds=1.0, place=PLACE
)


@pytest.fixture
def begin(monkeypatch):
    """Begin a function's share at 10 s while it is some other moment."""

    def begin(now, rate=40.0):
        clock = SimpleNamespace(monotonic_ns=lambda: now - round(LEAD * SECOND))
        monkeypatch.setattr(function, "time", clock)
        begun, journal = [], Journal("run", 4)
        order = FunctionOrder(**{
            name: getattr(ORDER, name) for name in ORDER.__slots__ if name != "rate"
        }, rate=rate)  # fmt: skip
        late = function._begin(SimpleNamespace(begin=begun.append), order, journal, 10 * SECOND)
        return late, begun[0] - 10 * SECOND, [writer.skips for writer in journal.writers]

    return begin


@pytest.mark.parametrize("now", [9 * SECOND, 10 * SECOND])
def test_a_function_that_is_in_time_begins_with_the_first_slot(begin, now):
    assert begin(now) == (0.0, 0, [[]] * 4)


@pytest.mark.parametrize(
    ("now", "turns"), [(1, 1), (100 * MS, 1), (100 * MS + 1, 2), (350 * MS, 4)]
)
def test_slots_that_are_over_are_left_out_by_its_own_writers(begin, now, turns):
    late, first, skips = begin(10 * SECOND + now)

    assert late == pytest.approx(now / SECOND)
    assert first == turns * 100 * MS
    assert [[(skip.first, skip.last, skip.count) for skip in each] for each in skips] == [
        [], [(pytest.approx(10.025), pytest.approx(10.025 + 0.1 * (turns - 1)), turns)],
        [], [(pytest.approx(10.075), pytest.approx(10.075 + 0.1 * (turns - 1)), turns)],
    ]  # fmt: skip


def test_a_load_without_a_schedule_leaves_nothing_out(begin):
    assert begin(10 * SECOND + 350 * MS, rate=0.0) == (0.35, 350 * MS, [[]] * 4)


def test_a_report_is_the_answer_or_lies_in_the_bucket_if_that_has_no_room(monkeypatch):
    journal = Journal("run", 4)
    for writer in journal.writers:
        writer.record((1, 2, 3), Outcome.ACKED)
    told = function._parcel(journal, ORDER)
    own = pack(journal.writers[1::2])
    assert base64.b64decode(told) == own

    monkeypatch.setattr(function, "MOST_ANSWER", len(told))
    assert function._parcel(journal, ORDER) == told
    monkeypatch.setattr(function, "MOST_ANSWER", len(told) - 1)
    with pytest.raises(
        LoadError, match=r"4 writes take 0\.0 MB, and an answer of Lambda has room for 0: "
    ):
        function._parcel(journal, ORDER)
    put = []
    monkeypatch.setattr(function, "put", lambda *what: put.append(what))
    uploading = FunctionOrder(**{
        name: getattr(ORDER, name) for name in ORDER.__slots__ if name != "upload"
    }, upload="https://b")  # fmt: skip
    assert function._parcel(journal, uploading) is None
    assert put == [("https://b", own)]


def test_an_endpoint_travels_with_its_certificate(tmp_path):
    (tmp_path / "ca.pem").write_text("CERTIFICATE")
    usual = {"name": "proxy", "kind": "proxy", "host": "h", "port": 2, "user": "u",
             "password": "p", "database": "d"}  # fmt: skip
    plain = Endpoint(**usual)
    encrypted = Endpoint(**usual, tls=Tls(ca=str(tmp_path / "ca.pem")))
    there = SentEndpoint.of(encrypted).endpoint()

    assert SentEndpoint.of(plain).endpoint() == plain
    assert Path(there.tls.ca).read_text() == "CERTIFICATE"
    assert SentEndpoint.of(encrypted).endpoint().tls.ca == there.tls.ca  # written once
    Path(there.tls.ca).unlink()
    _kept.cache_clear()


def test_an_order_says_to_the_engine_what_its_function_does():
    told = ORDER.load_order(PLACE.endpoint())

    assert (told.process, told.processes, told.writers, told.rate) == (1, 2, 4, 40.0)
    assert (told.events, told.secrets, told.think) == (None, ("p",), 0.0)


def test_a_load_that_lasts_longer_than_its_function_may_run_says_both(monkeypatch):
    monkeypatch.setattr(function, "aligned", lambda _: SimpleNamespace(middle=0))
    monkeypatch.setattr(function, "time", SimpleNamespace(monotonic_ns=lambda: 100 * SECOND))
    order = replace(ORDER, start=110 * SECOND, seconds=50.0)

    with pytest.raises(LoadError, match=r"ends in 60 s, and the function may run for 30 s: give"):
        function.run(order, cold=False, left=30.0)
