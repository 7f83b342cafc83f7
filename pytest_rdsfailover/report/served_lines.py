"""What users felt of a trial, in a few lines: how many operations were served, how soon all was well."""

import math
import textwrap
from collections.abc import Iterator, Mapping

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.report.figure_documents import in_words

WIDTH = 80


def served_lines(figures: Mapping[str, Figure]) -> Iterator[str]:
    """Yield what a trial's figures say of its operations; nothing of what was not measured."""
    success, worst = figures.get("success"), figures.get("worst_second")
    if success is not None and worst is not None:
        served = f"served: {_with_basis(success)}"
        worse = f"; worst second {_with_basis(worst)}" if worst.value < 1 else ""
        yield from textwrap.wrap(served + worse, WIDTH, subsequent_indent="  ")
    recovery = figures.get("recovery")
    if recovery is not None and math.isinf(recovery.upper):
        yield "observation ended before a quiet stretch like the calm"
    elif recovery is not None and recovery.value:
        yield f"as in the calm again after {in_words(recovery)}"
    late, share = figures["late_errors"], figures.get("late_error_share")
    if late.value and share is not None:
        yield f"late errors: {in_words(late)}, {_with_basis(share)} after the cluster had settled"


def _with_basis(share: Figure) -> str:
    basis = share.basis.replace(" in the second", "")
    return f"{in_words(share)} ({basis})" if basis else in_words(share)
