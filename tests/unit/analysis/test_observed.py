"""What of a trial is its calm, and for how long a writer may be silent."""

import pytest
from builders import ack, course, journal

from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND


def observed(*moments, writers=1, **changes):
    return Observed.of(series_of(journal(map(ack, moments), writers=writers)), course(**changes))


@pytest.mark.parametrize(
    ("trigger", "calm"),
    [
        (None, [1, 2, 3]),
        (2.5, [1, 2]),
        (2.0, [1, 2]),
        (0.5, []),
        (3.0, [1, 2, 3]),
        (9.0, [1, 2, 3]),
    ],
)
def test_the_calm_is_all_that_was_acknowledged_up_to_the_trigger(trigger, calm):
    found = observed(1.0, 2.0, 3.0, 5.0, stop=4.0, trigger=trigger)

    assert list(found.calm) == [at * SECOND for at in calm]


@pytest.mark.parametrize(
    ("writers", "rate", "patience"), [(1, 100.0, 20_000_000), (3, 100.0, 60_000_000), (3, 0.0, 0)]
)
def test_a_writer_may_be_silent_for_two_of_its_slots(writers, rate, patience):
    assert observed(1.0, writers=writers, rate=rate).patience == patience
