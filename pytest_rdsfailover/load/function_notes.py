"""What is to be known of the functions of a load, in words."""

from collections.abc import Mapping, Sequence

from pytest_rdsfailover.load.function_messages import FunctionOrder, FunctionReport
from pytest_rdsfailover.model.durations import format_duration

MOST_NAMED = 8


def notes_of(
    order: FunctionOrder,
    cold: int,
    error: float,
    silent: Mapping[int, str],
    reports: Mapping[int, FunctionReport],
) -> list[str]:
    """Return what is to be known of the functions, in words."""
    told = (
        f"{len(reports)} of {order.functions} functions of AWS Lambda reported, with"
        f" {order.writers // order.functions} writers each; {cold} were started cold before the load;"
        f" their clocks are known to {format_duration(error)}, and what lies between two of them to"
        " twice that"
    )
    in_bucket = sum(report.parcel is None for report in reports.values())
    if in_bucket:
        told += f"; {in_bucket} put what they report into the bucket"
    notes = [told]
    by_reason: dict[str, list[int]] = {}
    for number, why in silent.items():
        by_reason.setdefault(why, []).append(number)
    notes += [
        f"{_named(numbers)} did not report: {why}; no slot of theirs counts as issued, and what they"
        " may have stored is not judged"
        for why, numbers in by_reason.items()
    ]
    late = [number for number, report in reports.items() if report.late > 0]
    if late:
        most = max(reports[number].late for number in late)
        notes.append(f"{_named(late)} began late, by up to {format_duration(most)}")
    return notes


def _named(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - MOST_NAMED} more" if len(numbers) > MOST_NAMED else ""
    word = "function" if len(numbers) == 1 else "functions"
    return f"{word} {', '.join(map(str, numbers[:MOST_NAMED]))}{more}"
