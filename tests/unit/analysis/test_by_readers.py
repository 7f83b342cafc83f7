"""Writes of which only the cluster's own side knows the instance, as RDS Proxy's."""

import pytest
from builders import acks, course, journal

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.traffic import SERVER, ReaderWrite, Traffic

ACKED = [*acks(1.0, 10.2, 0.1), *acks(12.1, 20.0, 0.1)]  # their instance is not known
COUNT = len(ACKED)
TENURE_ENDS = 10.3


def stale_writes(*writes, seen=COUNT, name="proxy", readable=True, looked=True):
    keys = {"0": seen} if readable else {}
    by_readers = writes if looked else None
    came = Traffic(marked=seen, confirmed=seen, keys=keys, by_readers=by_readers)
    witnessed = Witnessed(
        endpoint="proxy", address="h:1", calm=None, calm_at=0.0, whole={name: came}
    )
    known = course(witnessed=witnessed)
    return judge(Evidence(journal=journal(ACKED), course=known, stored=None)).stale_writes


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
        (by("instance-3", 13.0, 13.1), 0),  # has never been the writer
    ],
)
def test_a_former_writer_s_is_stale_if_it_began_after_its_tenure(write, stale):
    assert stale_writes(write) == stale


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
