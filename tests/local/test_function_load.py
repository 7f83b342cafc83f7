"""A function's share of a load, run on a real server: its slots, its keys, its clock."""

import http.server
import json
import random
import threading
import time
import uuid
from base64 import b64decode
from dataclasses import asdict, replace
from typing import ClassVar

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.parcel import unpack
from pytest_rdsfailover.load import function, upload
from pytest_rdsfailover.load.alignment import aligned, measured, reference
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.function_messages import FunctionOrder, FunctionReport, SentEndpoint
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.records import Outcome
from pytest_rdsfailover.model.typed import NotOfTypeError, typed

pytestmark = [pytest.mark.local, pytest.mark.one_server]
FUNCTIONS, WRITERS, RATE, SECONDS = 3, 6, 240.0, 0.5


class Context:
    """What Lambda tells a function; *left* in seconds."""

    def __init__(self, left=60.0):
        self.left = left

    def get_remaining_time_in_millis(self):
        return int(self.left * 1000)


@pytest.fixture
def table(plain_server):
    """The workload of a run, whose table is there."""
    made = InsertWorkload(plain_server.endpoint, uuid.uuid4().hex[:8])
    made.create(plain_server.endpoint)
    yield made
    made.drop(plain_server.endpoint)


def order(table, *, start, number=0, **more):
    """Return what a function is told; *start* in seconds from now."""
    usual = FunctionOrder(
        run=table.insert_head.split(b"rds_writes_")[1].split()[0].decode(),
        function=number, functions=FUNCTIONS, writers=WRITERS, rate=RATE, seconds=SECONDS,
        start=time.monotonic_ns() + aligned(table.endpoint).middle + round(start * SECOND),
        place=SentEndpoint.of(table.endpoint),
    )  # fmt: skip
    return replace(usual, **more)


def invoked(told, **context):
    event = json.loads(json.dumps(asdict(told)))
    answer = json.loads(json.dumps(function.handler(event, Context(**context))))
    return typed(FunctionReport, answer, "the report")


def merged(reports):
    journal = Journal("run", WRITERS)
    for number, report in reports.items():
        unpack(b64decode(report.parcel), journal.writers[number::FUNCTIONS], shift=0)
    return journal


def accounted(writer):
    """Return the first and the last slot of a writer, in seconds; none between them is missing."""
    spans = [(moment / 1e9, moment / 1e9, 1) for moment in writer.intended]
    spans += [(skip.first, skip.last, skip.count) for skip in writer.skips]
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    assert sum(span[2] for span in spans) == round((last - first) * RATE / WRITERS) + 1
    return first, last


@pytest.mark.parametrize("engine", ["threads", "fast"])
def test_functions_share_schedule_and_keys_and_know_their_clocks(table, engine):
    told = order(table, start=0.5, engine=engine)
    reports = {}
    functions = [
        threading.Thread(target=lambda n=n: reports.update({n: invoked(replace(told, function=n))}))
        for n in range(FUNCTIONS)
    ]
    for thread in functions:
        thread.start()
    for thread in functions:
        thread.join(30)
    journal = merged(reports)

    acked = {(write.writer, write.sequence) for write in journal if write.outcome is Outcome.ACKED}
    assert acked == set(table.stored(table.endpoint))
    doubt = 2 * max(report.offset.error for report in reports.values()) / SECOND
    starts = [accounted(writer)[0] - writer.writer / RATE for writer in journal.writers]
    assert max(starts) - min(starts) <= doubt  # one schedule, whatever function has the slot
    own = aligned(table.endpoint)
    for report in reports.values():  # all of them have the same clock, which is ours
        shift = report.offset.to(own)
        assert shift.lower <= 0 <= shift.upper
        assert shift.error < SECOND
        assert report.late == 0.0


def test_planted_skews_are_within_the_stated_error_of_what_real_round_trips_find(plain_server):
    chance = random.Random(7)
    skews = [sign * round(chance.uniform(0.05, 5) * SECOND) for sign in (1, -1) for _ in range(50)]
    with reference(plain_server.endpoint) as ask:
        own = measured(ask)
        found = [
            measured(ask, lambda skew=skew: time.monotonic_ns() + skew, 5).to(own) for skew in skews
        ]
    told = zip(found, skews, strict=True)
    assert sum(abs(shift.middle + skew) <= shift.error for shift, skew in told) >= 99


def test_a_late_function_says_so_and_leaves_out_the_slots_before_it(table):
    told = order(table, start=-0.2, seconds=0.5)
    report = invoked(told)
    journal = merged({0: report})

    skips = [skip for skip in journal.skips if skip.writer == 0]
    assert report.late >= 0.2
    accounted(journal.writers[0])
    assert skips[0].count >= 0.2 * RATE / WRITERS - 1
    assert min(journal.writers[0].intended, default=1 << 62) / 1e9 > skips[0].last


def test_steps_of_ours_are_retried_and_unpaced_in_a_function(table):
    told = order(table, start=0.1, rate=0.0, think=0.005, retries=2, functions=1, writers=2)
    report = invoked(told)
    journal = Journal("run", 2)
    unpack(b64decode(report.parcel), journal.writers, shift=0)
    assert len(journal.writers[0].attempts) == len(journal.writers[0]) > 0


@pytest.mark.parametrize(
    ("left", "room", "why"),
    [(1.0, 1 << 20, r"longer time-out"), (60.0, 10, r"writes take .* MB")],
)
def test_what_does_not_fit_into_an_invocation_is_refused(table, monkeypatch, left, room, why):
    monkeypatch.setattr(function, "MOST_ANSWER", room)
    with pytest.raises(LoadError, match=why):
        invoked(order(table, start=0.1), left=left)


class Storage(http.server.BaseHTTPRequestHandler):
    """Answers a PUT with the status that its path names, and keeps what came."""

    kept: ClassVar[list] = []

    def do_PUT(self):
        self.kept.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(int(self.path.split("/")[1]))
        self.end_headers()

    def log_message(self, *_): ...


@pytest.fixture
def storage():
    """The URL of a server that stores, or refuses, what is put there."""
    Storage.kept.clear()
    with http.server.HTTPServer(("127.0.0.1", 0), Storage) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_no_answer_has_room_for_is_put_where_the_order_says(table, monkeypatch, storage):
    monkeypatch.setattr(function, "MOST_ANSWER", 10)
    told = order(table, start=0.1, seconds=0.1, upload=f"{storage}/200/key?X-Amz-Signature=s3cret")
    report = invoked(told)
    [(path, data)] = Storage.kept
    journal = Journal("run", WRITERS)
    unpack(data, journal.writers[0::FUNCTIONS], shift=0)

    assert report.parcel is None
    assert path == "/200/key?X-Amz-Signature=s3cret"
    assert len(journal) + sum(skip.count for skip in journal.skips) > 0
    assert "s3cret" not in repr(told)


@pytest.mark.parametrize(
    ("place", "why"),
    [("{}/403/key", "S3 answered with status 403"), ("http://127.0.0.1:1/k", "was not reached")],
)
def test_a_bucket_that_takes_nothing_is_named_without_the_url(storage, place, why):
    with pytest.raises(LoadError, match=why) as caught:
        upload.put(place.format(storage) + "?X-Amz-Signature=s3cret", b"data")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_event_that_is_no_order_is_refused():
    with pytest.raises(NotOfTypeError, match="order is no object with run"):
        function.handler({"key": "value"}, Context())


def test_neither_password_nor_order_show_in_a_repr(table):
    told = order(table, start=0.1)
    assert table.endpoint.password.encode() not in repr(told).encode()
