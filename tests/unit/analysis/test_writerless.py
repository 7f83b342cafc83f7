"""Writes that are acknowledged while no instance takes any."""

from dataclasses import replace

import pytest
from builders import MOVE, acks, course, everything_acked, journal, milestone, refused

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.traffic import Traffic

CUT, PLANNED = 10.3, 11.9
PLAYED = tuple(replace(mark, planned=PLANNED) if mark.name == "promoted" else mark for mark in MOVE)
NEVER_AWAY = [*acks(1.0, 20.0, 0.1)]
HEARTBEAT = {"statements": 150, "writes": 150}  # of somebody beside the load


def judged(events, *, milestones=PLAYED, name="cluster", seen=HEARTBEAT, **more):
    came = Witnessed(
        endpoint=name, address="h:1", calm=None, calm_at=0.0, whole={name: Traffic(**seen)}
    )
    seen = course(milestones=milestones, witnessed=came, **more)
    return judge(Evidence(journal=journal(events), course=seen, stored=None))


def found(summary):
    return {finding.name: finding.severity for finding in summary.findings}


def test_a_load_that_is_served_while_nobody_writes_is_invalid():
    summary = judged(NEVER_AWAY)
    assert not summary.valid
    assert summary.reason.startswith("15 writes were sent and acknowledged after the writer had")
    assert "give what only reads as reads=" in summary.reason


BACK = milestone("instance_back", 12.0, "instance-1")
IN_PLACE = {"moves_writer": False, "writer_after": "instance-1", "milestones": (
    *MOVE[:2], replace(BACK, planned=PLANNED)
)}  # fmt: skip


def test_a_writer_that_restarts_in_place_takes_no_writes_until_it_is_back():
    assert not judged(NEVER_AWAY, **IN_PLACE).valid
    as_reader = replace(BACK, name="old_writer_back", at=10.4, planned=10.4)
    assert not judged(NEVER_AWAY, milestones=(*PLAYED[:2], as_reader, *PLAYED[2:])).valid


HONEST = [
    *acks(1.0, CUT, 0.1), *(refused(10.4 + n * 0.1) for n in range(15)), *acks(PLANNED, 20.0, 0.1)
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "more"),
    [
        (HONEST, {}),
        ([*HONEST, *acks(10.5, 10.7, 0.1, writer=0)], {}),  # so few may be an accident
        (NEVER_AWAY, {"milestones": MOVE}),  # nobody knows how early the promotion came
        (NEVER_AWAY, {"endpoint": "reader"}),
        (NEVER_AWAY, {"name": "proxy-reader"}),
        (NEVER_AWAY, {"seen": {"statements": 190, "writes": 20}}),  # only_reads tells it
        (NEVER_AWAY, {"seen": {"marked": 190, "keys": {"0": 190}}}),  # by keys that were looked for
        (NEVER_AWAY, {"alignment": 1.0}),  # another machine's clock
        ([*acks(1.0, CUT, 0.1), *acks(CUT + 1.7, 20.0, 0.1, sent=CUT - 0.05)], {}),
    ],
    ids=[
        "away",
        "two",
        "unplanned",
        "reader",
        "proxy's reader",
        "reads",
        "reads by key",
        "another clock",
        "sent before",
    ],
)
def test_what_may_have_been_written_is_no_doubt(events, more):
    summary = judged(events, **more)
    assert "after the writer had been cut" not in summary.reason
    assert "without_writer" not in found(summary)


BUFFERED = {"marked": 190, "commits": 19, "keys": {"0": 190}, "stored_keys": {"0": 190}}


def test_a_buffer_that_takes_writes_while_nobody_stores_any_is_found():
    summary = judged(NEVER_AWAY, seen=BUFFERED)
    assert summary.valid
    assert found(summary)["without_writer"] == "broken"
    assert "without_writer" not in found(judged(HONEST, seen=BUFFERED))


SWITCHED = (
    milestone("trigger", 10.0),
    milestone("writes_refused", 10.5, "instance-1"),
    milestone("switched", 14.0, "instance-1"),
)


def live(events, *, milestones=SWITCHED, stored=None, **more):
    seen = course(mode="live", milestones=milestones, **more)
    return judge(Evidence(journal=journal(events), course=seen, stored=stored))


def test_a_load_that_nothing_stops_on_a_real_cluster_is_told_to_be_read_back():
    summary = live(NEVER_AWAY)
    (finding,) = (each for each in summary.findings if each.name == "without_writer")

    assert finding.severity == "risky"  # probes may have missed a writer
    assert finding.evidence.startswith("9 writes were sent and acknowledged after the writer had")
    assert "stored=" in finding.cure
    moved = (SWITCHED[0], milestone("writer_cut", 10.5, "i"), milestone("promoted", 14.0, "j"))
    assert found(live(NEVER_AWAY, milestones=moved))["without_writer"] == "risky"


def test_a_real_cluster_is_without_a_writer_from_the_first_word_of_it_until_there_is_one():
    more = [milestone("writer_cut", 11.8, "i"), milestone("old_writer_back", 17.0, "i")]
    (finding,) = (
        each
        for each in live(NEVER_AWAY, milestones=[*SWITCHED, *more]).findings
        if each.name == "without_writer"
    )
    assert finding.evidence.startswith("9 writes were sent and acknowledged after the writer had")


@pytest.mark.parametrize(
    ("events", "more"),
    [
        ([*acks(1.0, 10.95, 0.1), *acks(12.05, 20.0, 0.1)], {}),  # so late probes may notice
        (NEVER_AWAY, {"milestones": SWITCHED[:2]}),  # nobody saw a new writer
        (NEVER_AWAY, {"milestones": (*SWITCHED[:2], milestone("switched", 12.9, "i"))}),
        (NEVER_AWAY, {"endpoint": "reader"}),
        (NEVER_AWAY, {"stored": Stored(positions=everything_acked(journal(NEVER_AWAY)))}),
    ],
    ids=["away", "open", "short", "reader", "read back"],
)
def test_what_a_real_cluster_may_have_stored_is_no_doubt(events, more):
    assert "without_writer" not in found(live(events, **more))
