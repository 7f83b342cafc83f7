"""Why a trial proves nothing: each reason alone, at its bound, and the first of several."""

import pytest
from builders import MOVE, course, milestone

from pytest_rdsfailover.analysis.validity import why_invalid, why_unfit
from pytest_rdsfailover.journal.complaints import CONTRADICTS, Complaint

CUT = milestone("writer_cut", 10.3, "instance-1")
STAYED = {"moves_writer": False, "writer_after": "instance-1"}


def complaint(error="KeyError", text="x"):
    return Complaint(error=error, text=text, count=1, first=1.0, trace="")


def why(acked=100, failed=0, untrue="", **changes):
    return why_invalid(course(**changes), acked=acked, failed=failed, untrue=untrue)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"own_trigger": True},
        {"own_trigger": None},
        {"start": 10.0},
        {"trigger": None, "settled": None, "moves_writer": None},
        STAYED,
        {"complaints": [complaint()]},
    ],
)
def test_a_trial_proves_something(changes):
    assert why(**changes) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cut_short": "it was cut short"}, "it was cut short"),
        (
            {"complaints": [complaint(), complaint(CONTRADICTS, "a"), complaint(CONTRADICTS, "b")]},
            "answers contradict each other: a",
        ),
        ({"own_trigger": False}, "the failover that the test triggered is not on record"),
        ({"start": 10.5}, "a failover was on its way when the load began, triggered 500 ms before"),
        ({"unfit": "the load did not work"}, "the load did not work"),
        ({"acked": 0}, "no write was acknowledged before the trigger"),
        ({"untrue": "nothing came"}, "nothing came"),
        ({"settled": None}, "the failover was not over 10.0 s after its trigger"),
        (
            {"milestones": [*MOVE, milestone("guardrail_failed", 11.0, "lag")]},
            "a guardrail refused the switchover: lag",
        ),
        ({"milestones": [*MOVE, milestone("rolled_back", 11.0)]}, "the switchover was rolled back"),
        ({"trigger": None, "settled": None}, "no failover was triggered"),
        (
            {"writer_after": "instance-1", "milestones": MOVE[:1]},
            "the writer did not change: it is still instance-1",
        ),
        (
            {"writer_after": "instance-1"},
            "the writer did not stay changed: it moved to instance-2, and is instance-1 again",
        ),
        (
            {"milestones": [*MOVE[:1], milestone("no_effect", 13.0)]},
            "a trigger was given up, because it had no effect: nobody watched what came later",
        ),
        (
            {"milestones": [*MOVE, milestone("no_effect", 15.0, "refused")], "moves_writer": None},
            "a trigger was given up (refused), because it had no effect",
        ),
        (
            {"milestones": [*MOVE, milestone("gave_up", 15.0)]},
            "the API and SQL never agreed that the failover was over",
        ),
        (
            {"moves_writer": False},
            "instance-1 should have stayed the writer, yet instance-2 is",
        ),
        (STAYED | {"milestones": MOVE[:1]}, "the writer instance-1 was never cut"),
    ],
)  # fmt: skip
def test_a_trial_proves_nothing_for_one_reason(changes, reason):
    assert why(**changes).startswith(reason)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([], "instance-1"),
        (["first", "last"], "instance-1 (last)"),
        (["first", None], "instance-1"),
    ],
)
def test_a_trigger_without_effect_says_why_at_last(said, shown):
    tries = [milestone("no_effect", 11.0 + n, text) for n, text in enumerate(said)]
    found = why(writer_after="instance-1", milestones=[*MOVE[:1], *tries])

    assert found == f"the writer did not change: it is still {shown}"


def test_the_first_of_several_reasons_is_told():
    both = {"own_trigger": False, "unfit": "x", "acked": 0, "untrue": "y", "settled": None}

    assert "not on record" in why(**both)
    assert why(**both | {"own_trigger": True}) == "x"
    assert "never worked" in why(**both | {"own_trigger": True, "unfit": ""})


@pytest.mark.parametrize(
    ("acked", "failed", "most", "unfit"),
    [
        (98, 2, 0.02, False), (97, 3, 0.02, True), (1, 1, 0.0, False), (2, 2, 0.0, True),
        (1, 99, 1.0, False), (0, 0, 1.0, True),
    ],
)  # fmt: skip
def test_a_load_is_unfit_once_more_than_its_share_failed_and_not_only_one(
    acked, failed, most, unfit
):
    assert bool(why_unfit(acked=acked, failed=failed, most=most, complaints=[])) is unfit


def test_an_unfit_load_tells_how_much_failed_and_what_the_first_errors_said():
    kinds = [complaint(f"E{number}") for number in range(4)]
    found = why_unfit(acked=90, failed=10, most=0.01, complaints=kinds)

    assert found.startswith("10 of 100 operations failed before the trigger, and at most 1 % of")
    assert found.endswith("(--rds-calm-errors); E0: x; E1: x; E2: x")
    assert why(failed=50, calm_errors=0.1).startswith("50 of 150 operations failed")


def test_without_a_trigger_errors_cannot_be_told_from_those_of_a_failover():
    assert why(failed=50, calm_errors=0.1, trigger=None, settled=None, moves_writer=None) == ""
