"""What is known of a trial apart from its writes, and whether it proves anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.records import Milestone


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is known of a trial apart from its writes; times on the monotonic clock.

    Attributes:
        start: when observation began.
        stop: when it ended.
        trigger: when the failover was triggered; None if none was.
        settled: when the cluster had done all that the profile says; None if it had not.
        moves_writer: whether another instance should be the writer now; None if no failover was
            meant, so that there is nothing to be valid about.
        milestones: what the cluster did.
        writer_before: the writer at the start.
        writer_after: the writer at the end.
        mode: `local` or `live`.
        endpoint: the kind of endpoint written to: `writer`, `reader`, `instance` or `proxy`.
        profile: name of the failover profile; empty if there was none.
        seed: decided the sampled durations.
        rate: writes per second that all writers intended together; 0 without a schedule.
        pauses: (first, last) moments between which the load generator itself stood still.
        strangers: CPUs that other programs used on average; None if unknown.
        cpus: how many CPUs the machine of the load has; 0 if unknown.
        cut_short: why nobody saw the end; empty if somebody did.
    """

    start: float
    stop: float
    trigger: float | None
    settled: float | None
    moves_writer: bool | None
    milestones: Sequence[Milestone]
    writer_before: str | None
    writer_after: str | None
    mode: str = "local"
    endpoint: str = "writer"
    profile: str = ""
    seed: int = 0
    rate: float = 0.0
    pauses: Sequence[tuple[float, float]] = ()
    strangers: float | None = None
    cpus: int = 0
    cut_short: str = ""


def why_invalid(course: Course, *, calm: int) -> str:
    """Return why a trial proves nothing; empty if it does prove something.

    Args:
        course: what happened.
        calm: how many writes were acknowledged before the trigger.
    """
    if course.cut_short:
        return course.cut_short
    if calm == 0:
        return "no write was acknowledged before the trigger, so the load had never worked"
    if course.moves_writer is None:
        return ""
    if course.trigger is None:
        return "no failover was triggered"
    if course.settled is None:
        seen = format_duration(course.stop - course.trigger)
        return f"the failover was not over {seen} after its trigger, when observation ended"
    return _writer_is_wrong(course)


def _writer_is_wrong(course: Course) -> str:
    before, after = course.writer_before, course.writer_after
    if course.moves_writer:
        return f"the writer did not change: it is still {after}" if before == after else ""
    if before != after:
        return f"{before} should have stayed the writer, yet {after} is"
    cut = any(milestone.name == "writer_cut" for milestone in course.milestones)
    return "" if cut else f"the writer {before} was never cut"
