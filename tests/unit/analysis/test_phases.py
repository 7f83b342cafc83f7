import pytest
from builders import ack, event, journal, refused, unknown

from pytest_rdsfailover.analysis.phases import failures, phases, totals
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.records import Outcome


def spans(found):
    return [
        (each.code, each.kind, each.instance, each.count, each.first / SECOND, each.last / SECOND)
        for each in found
    ]


def errors(*events, writers=2):
    return failures(series_of(journal(events, writers=writers)))


def seen(found, stop=20.0):
    """Return the phases of errors of which observation ended at *stop*."""
    return phases(found, round(stop * SECOND))


def test_errors_of_one_sort_are_one_phase_over_all_writers():
    found = seen(errors(refused(1.0), refused(1.2, writer=1), refused(1.4)))

    assert spans(found) == [(2003, "refused", None, 3, 1.0, 1.4)]


def test_another_code_or_instance_is_another_phase():
    found = seen(
        errors(
            unknown(1.0, instance="a"),
            refused(1.1),
            refused(1.2, 1836, instance="a"),
            refused(1.3, 1836, instance="b"),
        )
    )

    assert [(each.code, each.instance) for each in found] == [
        (2013, "a"),
        (2003, None),
        (1836, "a"),
        (1836, "b"),
    ]


def test_a_pause_begins_a_new_phase_of_the_same_sort():
    assert [each.count for each in seen(errors(refused(1.0), refused(1.5)))] == [2]
    assert spans(seen(errors(refused(1.0), ack(1.5), refused(3.0)))) == [
        (2003, "refused", None, 1, 1.0, 1.0),
        (2003, "refused", None, 1, 3.0, 3.0),
    ]


def test_a_failure_of_which_nothing_is_known_is_a_clients():
    assert spans(seen(errors(event(1.0, Outcome.UNKNOWN, None)))) == [
        (0, "client", None, 1, 1.0, 1.0)
    ]


def test_sorts_that_alternate_are_two_phases_and_not_many():
    mixed = [refused(1 + n / 10, code=2003 if n % 2 else 1836) for n in range(10)]

    assert [each.count for each in seen(errors(*mixed))] == [5, 5]


def test_totals_count_each_code_and_kind_once():
    all_errors = errors(refused(1.0, instance="a"), refused(9.0, instance="b"), unknown(2.0))
    found = totals(all_errors, 10 * SECOND)

    assert spans(found) == [
        (2003, "refused", None, 2, 1.0, 9.0),
        (2013, "reset", None, 1, 2.0, 2.0),
    ]


@pytest.mark.parametrize(
    ("last", "is_open"), [(19.4, False), (19.5, False), (19.6, True), (20.0, True)]
)
def test_a_phase_that_observation_did_not_see_the_end_of_is_open(last, is_open):
    found = errors(refused(3.0), refused(last, 1836), ack(19.9))
    assert [each.open for each in seen(found)] == [False, is_open]
    assert [each.open for each in totals(found, 20 * SECOND)] == [False, is_open]
