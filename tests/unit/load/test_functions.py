"""Reports of functions become one journal; what cannot be true is refused, what is missing is named."""

import base64
import json
import re
import time
from dataclasses import asdict

import pytest

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.aws.functions import Invoked
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.parcel import pack
from pytest_rdsfailover.load import functions
from pytest_rdsfailover.load.alignment import Offset
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.function_messages import FunctionOrder, FunctionReport, SentEndpoint
from pytest_rdsfailover.load.functions import FunctionLoad
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.records import Outcome

MS, SECOND = 1_000_000, 1_000_000_000
FUNCTIONS, WRITERS, RATE, SECONDS = 3, 6, 600.0, 0.05
EPOCH = 1_700_000_000 * SECOND  # of the database's clock at our clock's zero
EXACT = Offset(lower=EPOCH, upper=EPOCH)
STILL = 10 * MS, 20 * MS  # from when to when each stood still in the load
PLACE = SentEndpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Do not wait for environments."""
    monkeypatch.setattr(functions, "LEAD", 0.01)
    monkeypatch.setattr(functions, "ROOM", 30.0)
    monkeypatch.setattr(functions, "LOOK_EVERY", 0.001)


class Lambda:
    """A function of Lambda, whose number n does what `does[n]` says."""

    name = "load"

    def __init__(self, does=None, *, room=1000, skews=(), doubt=0, warmed=None):
        self.does, self._room, self.skews, self.doubt = does or {}, room, skews, doubt
        self.warmed = warmed
        self.truth = {}

    def room(self):
        return self._room

    def invoke(self, event):
        if "warm" in event:
            return self.warmed or Invoked(payload=b'{"cold": true, "environment": "e"}')
        number = event["function"]
        return self.does.get(number, self.report)(event)

    def report(self, event, change=lambda written: written, **more):
        """Return the report of a function that wrote at each of its slots."""
        number = event["function"]
        skew = self.skews[number] if number < len(self.skews) else 0
        start = event["start"] - EPOCH
        journal = Journal(event["run"], event["writers"])
        own = journal.writers[number :: event["functions"]]
        for writer in own:
            for slot in range(5):
                intended = start + int((writer.writer + slot * WRITERS) * SECOND / RATE)
                times = change((intended, intended + MS, intended + 2 * MS))
                self.truth.setdefault(writer.writer, []).append(times)
                writer.record(tuple(moment + skew for moment in times), Outcome.ACKED)
        over = start + int(SECONDS * SECOND) + 2 * MS  # the last write takes that long
        time.sleep(max(0, over - time.monotonic_ns()) / SECOND)
        offset = EPOCH - skew
        usual = FunctionReport(
            parcel=base64.b64encode(pack(own)).decode(),
            offset=Offset(lower=offset - self.doubt, upper=offset + self.doubt),
            pauses=[tuple((start + moment + skew) / SECOND for moment in STILL)],
            complaints=[], late=0.0, cold=False, environment="e",
        )  # fmt: skip
        return Invoked(payload=json.dumps(asdict(usual) | more).encode())


def load(fleet, **more):
    journal = Journal("run", WRITERS)
    order = FunctionOrder(
        run="run", function=0, functions=FUNCTIONS, writers=WRITERS, rate=RATE, start=0,
        seconds=SECONDS, place=PLACE,
    )  # fmt: skip
    stored, bucket = more.get("stored", list), more.get("bucket")
    return journal, FunctionLoad(fleet, order, lambda: EXACT, journal, stored, bucket)


def ran(fleet):
    journal, made = load(fleet)
    with made:
        made.wait(lambda: None)
    return journal, made


SKEWS = [sign * size * MS for size in (50, 300, 1000, 5000) for sign in (1, -1)]


@pytest.mark.parametrize("skew", SKEWS)
def test_skews_of_clocks_are_taken_out(skew):
    fleet = Lambda(skews=(0, skew, -skew // 2), doubt=3 * MS)
    journal, made = ran(fleet)

    assert made.unreported == []
    assert made.alignment == pytest.approx(0.003)
    for writer in journal.writers:
        found = zip(writer.intended, writer.started, writer.finished, strict=True)
        assert list(found) == fleet.truth[writer.writer]
    still = pytest.approx([made.started + moment / SECOND for moment in STILL])
    assert made.asleep == [[still]] * 3
    [note] = made.notes
    assert note.startswith("3 of 3 functions of AWS Lambda reported, with 2 writers each; 3 were")
    assert note.endswith("known to 3.00 ms, and what lies between two of them to twice that")


def in_the_future(fleet):
    return lambda event: fleet.report(
        event, lambda times: (times[0], times[1], times[2] + 60 * SECOND)
    )


def before_the_load(fleet):
    return lambda event: fleet.report(event, lambda times: tuple(t - SECOND for t in times))


def backwards(fleet):
    return lambda event: fleet.report(event, lambda times: (times[0], times[2], times[1]))


def of_another(fleet):
    return lambda event: fleet.report({**event, "function": 0})


def twice(fleet):
    def report(event):
        journal = Journal("run", WRITERS)
        for _ in range(2):
            journal.writers[1].record((1, 2, 3), Outcome.ACKED)
        parcel = base64.b64encode(pack([journal.writers[1]] * 2)).decode()
        return fleet.report(event, parcel=parcel)

    return report


def saying(**more):
    return lambda fleet: lambda event: fleet.report(event, **more)


def standing_still(first, last):
    """Return a report of a standstill between two seconds of the load."""

    def report(fleet):
        def at(event, second):
            return (event["start"] - EPOCH) / SECOND + second

        return lambda event: fleet.report(event, pauses=[(at(event, first), at(event, last))])

    return report


def left_out(count, *, first=0, last=10 * MS):
    """Return a report of slots that were not issued, all of writer 1."""

    def report(fleet):
        def told(event):
            own = Journal(event["run"], event["writers"]).writers[1:2]
            start = event["start"] - EPOCH
            own[0].skip(start + first, start + last, count)
            return fleet.report(event, parcel=base64.b64encode(pack(own)).decode())

        return told

    return report


def answering(answer):
    return lambda _: lambda _: answer


@pytest.mark.parametrize(
    ("does", "why"),
    [
        (in_the_future, r"a write .* after its own report came"),
        (before_the_load, r"a write .* before the load"),
        (backwards, "over before it began"),
        (of_another, "writer 0, whose keys are not its own"),
        (twice, "writer 1 twice"),
        (lambda fleet: lambda event: fleet.report(event, parcel="%%"), "report was refused"),
        (
            lambda fleet: lambda event: fleet.report(event, offset=7),
            "its report.offset is no object",
        ),
        (saying(offset={"lower": EPOCH + 1, "upper": EPOCH}), "known to a span of -"),
        (
            saying(offset={"lower": EPOCH - 9 * SECOND, "upper": EPOCH + 9 * SECOND}),
            "known to a span of 18.0 s, and it ran for",
        ),
        (saying(late=-0.1), "it began -0.1 s late"),
        (saying(late=9.0), "it began 9 s late"),
        (standing_still(0.02, 0.01), "it stood still from 0.02 to 0.01 s of the load"),
        (standing_still(0.01, 60), "it stood still from 0.01 to 60 s of the load"),
        (standing_still(-60, 0.01), "it stood still from -60 to 0.01 s of the load"),
        (left_out(0), "slots that are none"),
        (left_out(2, first=10 * MS, last=0), "slots that are none"),
        (left_out(10_000), "it tells of 10000 slots, and had [0-9]+ at most"),
        (left_out(2, first=-SECOND), "a slot 1.00 s before the load"),
        (left_out(2, last=60 * SECOND), "a slot .* after its own report came"),
        (answering(Invoked(payload=b"no json")), "report was refused"),
        (
            answering(Invoked(problem="throttled", text="Rate")),
            r"did not report: throttled \(Rate\)",
        ),
        (answering(Invoked(problem="crashed")), "did not report: crashed"),
        (lambda _: lambda _: time.sleep(4), "did not report: did not return"),
    ],
)
def test_what_tells_nothing_true_counts_as_not_reported(monkeypatch, does, why):
    if why.endswith("did not return"):
        monkeypatch.setattr(functions, "ROOM", 2.0)
    fleet = Lambda()
    fleet.does = {1: does(fleet)}
    journal, made = ran(fleet)

    assert made.unreported == [1, 4]
    assert [len(writer) for writer in journal.writers] == [5, 0, 5, 5, 0, 5]
    assert {skip.writer for skip in journal.skips} == {1, 4}
    assert sum(skip.count for skip in journal.skips) == RATE * SECONDS / FUNCTIONS
    [_, note] = made.notes
    assert note.startswith("function 1 did not report: ")
    assert re.search(why, note), note


class Memory:
    """A bucket that holds what *holds* says, and at most *most* bytes of an object."""

    name = "b"

    def __init__(self, refusal=""):
        self.held, self.removed, self.refusal = {}, [], refusal

    def check(self):
        self.checked = True

    def url(self, name, seconds):
        assert seconds >= SECONDS
        return name

    def read(self, name, most):
        if name not in self.held:
            raise AwsError("reading", "NoSuchKey", "no such key")
        return self.held[name][:most]

    def remove(self, names):
        self.removed += names
        return self.refusal


def by_bucket(fleet, bucket):
    """Return what function 1 does if its parcel is in the bucket."""

    def report(event):
        told = json.loads(fleet.report(event).payload)
        bucket.held[event["upload"]] = base64.b64decode(told["parcel"])
        return Invoked(payload=json.dumps(told | {"parcel": None}).encode())

    return report


def ran_with(bucket, function):
    fleet = Lambda()
    fleet.does = {1: function(fleet)}
    journal, made = load(fleet, bucket=bucket)
    with made:
        made.wait(lambda: None)
    return journal, made


@pytest.mark.parametrize("refusal", ["", "removing from the bucket b failed: AccessDenied"])
def test_what_is_in_the_bucket_is_read_and_removed(refusal):
    bucket = Memory(refusal)
    journal, made = ran_with(bucket, lambda fleet: by_bucket(fleet, bucket))

    assert [len(writer) for writer in journal.writers] == [5] * WRITERS
    assert bucket.removed == ["1"]
    assert "; 1 put what they report into the bucket" in made.notes[0]
    assert made.notes[1:] == ([refusal] if refusal else [])


@pytest.mark.parametrize(
    ("bucket", "why"),
    [(Memory(), "NoSuchKey"), (None, "it speaks of a bucket, and there is none")],
)
def test_a_bucket_without_what_the_report_says_is_named(bucket, why):
    def nothing(fleet):
        return lambda event: fleet.report(event, parcel=None)

    _, made = ran_with(bucket, nothing)
    assert made.unreported == [1, 4]
    assert why in made.notes[1]
    assert bucket is None or bucket.removed == ["1"]  # it may come late


def test_late_functions_are_named():
    fleet = Lambda()
    fleet.does = {2: lambda event: fleet.report(event, late=0.025)}
    assert ran(fleet)[1].notes[1:] == ["function 2 began late, by up to 25.0 ms"]


def test_more_functions_than_may_run_are_refused_before_anything_is_invoked():
    with pytest.raises(SettingError, match="may run 2 times at once, not 3"):
        load(Lambda(room=2))[1].connect(1.0)


def test_a_function_that_nobody_can_invoke_is_an_error():
    broken = Lambda(warmed=Invoked(problem="failed", text="Runtime.ImportModuleError: no"))
    with pytest.raises(LoadError, match=r"load failed: Runtime\.ImportModuleError: no"):
        load(broken)[1].connect(1.0)


def test_of_several_failures_the_first_is_told():
    broken, number = Lambda(), iter("123")
    broken.invoke = lambda _: Invoked(problem="failed", text=f"number {next(number)}")

    with pytest.raises(LoadError, match="failed: number 1"):
        load(broken)[1].connect(1.0)


def test_who_begins_a_load_goes_on_when_its_writers_begin():
    _, made = load(Lambda())
    made.connect(1.0)
    asked = time.monotonic_ns()
    made.begin(asked + 50 * MS)
    returned = time.monotonic_ns()
    made.wait(lambda: None)
    made.stop()

    assert made._gate.start >= asked + 50 * MS
    assert returned >= made._gate.start
    assert returned - made._gate.start < 40 * 50 * MS  # and not another second later


def test_somebody_else_s_function_is_no_load_function():
    other = Lambda(warmed=Invoked(payload=b'{"statusCode": 200}'))
    with pytest.raises(LoadError, match=r"no load function of ours .* `rdsfailover lambda build`"):
        load(other)[1].connect(1.0)


def test_a_load_whose_functions_all_fail_says_so_while_it_is_watched():
    broken = answering(Invoked(problem="failed", text="LoadError: no time"))(None)
    _, made = load(Lambda(dict.fromkeys(range(FUNCTIONS), broken)))
    with made:
        made.wait(lambda: None)
        with pytest.raises(LoadError, match="every function failed: LoadError: no time"):
            made.progress()


def test_while_it_runs_what_is_stored_tells_who_was_served():
    _, made = load(Lambda(), stored=lambda: [(0, 0), (0, 1), (5, 0)])
    progress = made.progress()
    assert (progress.acked_by, progress.failed) == ({"0": 2, "5": 1}, 0)
    assert made.acked_since(0.0) == 0  # who was served since when is known at the end only


def test_a_load_that_nobody_waited_for_has_reported_nothing():
    journal, made = load(Lambda())
    with made:
        pass
    assert made.unreported == list(range(WRITERS))
    assert len(journal) == 0
