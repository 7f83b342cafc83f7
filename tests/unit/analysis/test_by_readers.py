"""Writes of which only the cluster's own side knows the instance, as RDS Proxy's."""

import pytest
from builders import MOVE, acks, course, journal, milestone, refused

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.traffic import SERVER, ReaderWrite, Traffic

ACKED = [*acks(1.0, 10.2, 0.1), *acks(12.1, 20.0, 0.1)]  # their instance is not known
COUNT = len(ACKED)
TENURE_ENDS = 10.3


def stale_writes(
    *writes, seen=COUNT, name="proxy", readable=True, looked=True, events=ACKED, milestones=MOVE
):
    keys = {"0": seen} if readable else {}
    by_readers = writes if looked else None
    came = Traffic(marked=seen, confirmed=seen, keys=keys, by_readers=by_readers)
    witnessed = Witnessed(
        endpoint="proxy", address="h:1", calm=None, calm_at=0.0, whole={name: came}
    )
    known = course(witnessed=witnessed, milestones=milestones)
    return judge(Evidence(journal=journal(events), course=known, stored=None)).stale_writes


def by(instance, began, ended):
    return ReaderWrite(instance=instance, began=began, ended=ended)


@pytest.mark.parametrize("readable", [True, False])
def test_without_a_write_at_a_reader_there_is_no_stale_one(readable):
    assert stale_writes(readable=readable) == 0


@pytest.mark.parametrize(
    ("write", "stale"),
    [
        (by("instance-1", 13.0, 13.1), 1),
        (by("instance-1", TENURE_ENDS - 0.1, TENURE_ENDS + 0.1), 0),  # it was under way at the cut
        (by("instance-1", TENURE_ENDS, 13.1), 0),
        (by("instance-1", TENURE_ENDS + 1e-9, 13.1), 1),
        (by("instance-3", 13.0, 13.1), 0),  # has never been the writer
    ],
)
def test_a_former_writer_s_is_stale_if_it_began_after_its_tenure(write, stale):
    assert stale_writes(write) == stale


@pytest.mark.parametrize(("ended", "stale"), [(15.0, 0), (14.999999999, 1)])
def test_a_former_writer_s_is_stale_until_it_is_promoted_again(ended, stale):
    back = [*MOVE, milestone("promoted", 15.0, "instance-1")]
    assert stale_writes(by("instance-1", 13.0, ended), milestones=back) == stale


def test_a_write_that_failed_may_have_been_confirmed():
    events = [*ACKED, refused(11.0)]
    for seen in (COUNT, COUNT + 1):
        assert stale_writes(seen=seen, readable=False, events=events) == 0


@pytest.mark.parametrize(
    "more",
    [
        {"seen": COUNT - 1},
        {"seen": COUNT - 1, "readable": False},
        {"seen": COUNT + 1, "readable": False},  # some have two statements, so others may have none
        {"name": SERVER},
        {"looked": False},  # in a journal of before
    ],
)
def test_unless_all_writes_were_seen_it_is_undecided(more):
    with pytest.raises(AssertionError):
        assert stale_writes(**more) == 0
