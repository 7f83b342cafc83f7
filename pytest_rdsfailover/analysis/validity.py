"""Whether a trial proves anything."""

from collections.abc import Sequence

from pytest_rdsfailover.journal.complaints import CONTRADICTS, Complaint
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.durations import format_duration, format_share

MOST_SHOWN = 3  # kinds of errors in a reason
ENDED_BADLY = {  # what ends a failover without its effect; the milestone may give the reason
    "login_lost": "nobody could log in to see the end of the failover",
    "switchover_failed": "the switchover failed",
    "guardrail_failed": "a guardrail refused the switchover",
    "rolled_back": "the switchover was rolled back: it would have taken longer than its time-out",
    "gave_up": "the API and SQL never agreed that the failover was over, until it was watched no more",
}
FEWEST = 2  # a single error is nothing that a short calm could tell a share of


def why_unfit(*, acked: int, failed: int, most: float, complaints: Sequence[Complaint]) -> str:
    """Return why a load is not fit to be disturbed; empty if it is.

    Args:
        acked: how many writes were acknowledged in the calm before the trigger.
        failed: how many operations failed in it.
        most: which share of them may.
        complaints: what the errors said.
    """
    said = "".join(f"; {complaint}" for complaint in complaints[:MOST_SHOWN])
    if acked == 0:
        return f"no write was acknowledged before the trigger, so the load had never worked{said}"
    if failed >= FEWEST and failed > most * (acked + failed):
        return (
            f"{failed} of {acked + failed} operations failed before the trigger, and at most"
            f" {format_share(most)} of them may (--rds-calm-errors){said}"
        )
    return ""


def why_invalid(course: Course, *, acked: int, failed: int, untrue: str = "") -> str:
    """Return why a trial proves nothing; empty if it does prove something.

    Args:
        course: what happened.
        acked: how many writes were acknowledged before the trigger.
        failed: how many operations failed before it.
        untrue: why acknowledged writes show nothing of the cluster.
    """
    return (
        course.cut_short
        or _contradiction(course)
        or _trigger_is_wrong(course)
        or course.unfit
        or why_unfit(
            acked=acked,
            failed=0
            if course.trigger is None
            else failed,  # without a calm, the errors cannot be told from those of the failover
            most=course.calm_errors,
            complaints=course.complaints,
        )
        or untrue
        or _failover_is_wrong(course)
    )


def _contradiction(course: Course) -> str:
    said = [complaint.text for complaint in course.complaints if complaint.error == CONTRADICTS]
    return f"answers contradict each other: {said[0]}" if said else ""


def _trigger_is_wrong(course: Course) -> str:
    if course.own_trigger is False:
        return "the failover that the test triggered is not on record"
    if course.trigger is None or course.trigger >= course.start:
        return ""
    early = format_duration(course.start - course.trigger)
    return (
        f"a failover was on its way when the load began, triggered {early} before it: there is no"
        " calm to judge it by"
    )


def _failover_is_wrong(course: Course) -> str:
    if course.trigger is not None and course.settled is None:
        seen = format_duration(course.stop - course.trigger)
        return f"the failover was not over {seen} after its trigger, when observation ended"
    for milestone in course.milestones:
        if milestone.name in ENDED_BADLY:
            reason = f": {milestone.instance}" if milestone.instance else ""
            return ENDED_BADLY[milestone.name] + reason
    if course.moves_writer is not None and course.trigger is None:
        return "no failover was triggered"
    wrong = "" if course.moves_writer is None else _writer_is_wrong(course)
    if not wrong and any(milestone.name == "no_effect" for milestone in course.milestones):
        return f"a trigger was given up{_why(course)}, because it had no effect: nobody watched what came later"
    return wrong


def _writer_is_wrong(course: Course) -> str:
    before, after = course.writer_before, course.writer_after
    if course.moves_writer:
        return _is_still_there(course) if before == after else ""
    if before != after:
        return f"{before} should have stayed the writer, yet {after} is"
    cut = any(milestone.name == "writer_cut" for milestone in course.milestones)
    return "" if cut else f"the writer {before} was never cut"


def _why(course: Course) -> str:
    """Return why the last trigger without an effect had none, in parentheses; empty if nobody told."""
    said = [milestone.instance for milestone in course.milestones if milestone.name == "no_effect"]
    return f" ({said[-1]})" if said and said[-1] else ""


def _is_still_there(course: Course) -> str:
    """Return that the writer is the one of before, and whether another was it meanwhile."""
    before = course.writer_before
    others = [
        milestone.instance
        for milestone in course.milestones
        if milestone.name in {"promoted", "api_writer"} and milestone.instance != before
    ]
    if not others:
        return f"the writer did not change: it is still {before}{_why(course)}"
    return f"the writer did not stay changed: it moved to {others[0]}, and is {before} again"
