"""What is different where writers are on other machines: their clocks, and that some tell nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import to_nanoseconds

# Lengths between the times of two clocks; what one writer's own clock measures is not among them.
BETWEEN_CLOCKS = frozenset({"downtime", "first_writer_back", "last_writer_back"})


def told_of(all_series: Sequence[Series], course: Course) -> tuple[Sequence[Series], Course]:
    """Return the writers of whom it is known what they did, and the course of their part of the load."""
    silent = frozenset(course.unreported)
    told = [series for series in all_series if series.writer not in silent]
    return told, replace(course, rate=course.rate * len(told) / max(1, len(all_series)))


def aligned(figures: Mapping[str, Figure], alignment: float) -> Mapping[str, Figure]:
    """Return figures of absence, wider by what nobody knows of the clocks that they were taken from.

    Args:
        figures: by their names.
        alignment: by how many seconds each of these clocks may be off.
    """
    if not alignment:
        return figures
    return {
        name: _wider(figure, 2 * alignment) if name in BETWEEN_CLOCKS else figure
        for name, figure in figures.items()
    }


def _wider(figure: Figure, doubt: float) -> Figure:
    if figure.lower == figure.upper == 0:
        return figure  # there was none
    return replace(
        figure, lower=max(0.0, figure.lower - doubt), upper=figure.upper + doubt, best=figure.value
    )


def certain(
    tenures: Mapping[str, Sequence[tuple[int, int]]], alignment: float
) -> Mapping[str, Sequence[tuple[int, int]]]:
    """Return the times in which each instance was no writer whatever the clocks of its clients say.

    Args:
        tenures: these times by this machine's clock, in nanoseconds.
        alignment: by how many seconds each client's clock may be off.
    """
    doubt = to_nanoseconds(alignment)
    return {
        name: [(first + doubt, last - doubt) for first, last in periods]
        for name, periods in tenures.items()
    }
