"""Whether a trial proves anything."""

from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.durations import format_duration


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
