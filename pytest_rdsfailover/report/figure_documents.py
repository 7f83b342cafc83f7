"""Figures in the result document: with both ends, so that no reader takes doubt for certainty."""

import math

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.model.durations import format_figure
from pytest_rdsfailover.report.trial_schema import FigureDocument, TrialDocument

DIGITS = 6  # microseconds, and parts of a million


def figure_documents(summary: Summary) -> dict[str, FigureDocument]:
    """Return all figures of a trial by their names in `expect`."""
    return {name: _document(figure) for name, figure in summary.figures.items()}


def figure_of(trial: TrialDocument, name: str, value: float, resolution: float) -> Figure:
    """Return a figure of a trial.

    Args:
        trial: its document.
        name: the figure's.
        value: what the document says of it apart from its ends,
        resolution: and how far off that may be: all that documents of earlier versions have.
    """
    found = known(trial, name)
    if found is None:
        return Figure(max(0.0, value - resolution), value + resolution, best=value)
    return found


def known(trial: TrialDocument, name: str) -> Figure | None:
    """Return a figure of a trial; None if it was not measured, or by an earlier version."""
    found = trial.get("figures", {}).get(name)
    if found is None:
        return None
    return Figure(
        found["lower"],
        math.inf if found["upper"] is None else found["upper"],
        found.get("problem", ""),
        unit=found["unit"],
        basis=found.get("basis", ""),
        best=found["value"],
    )


def in_words(figure: Figure) -> str:
    """Return a figure for a table: with its resolution, or that it had not ended."""
    if math.isinf(figure.upper):
        return f"{figure.words(figure.value)} or more"
    if figure.unit == "s":
        return format_figure(figure.value, figure.resolution)
    return figure.words(figure.lower) if figure.is_exact else figure.ends


def _document(figure: Figure) -> FigureDocument:
    made: FigureDocument = {
        "lower": round(figure.lower, DIGITS),
        "upper": None if math.isinf(figure.upper) else round(figure.upper, DIGITS),
        "value": round(figure.value, DIGITS),
        "unit": figure.unit,
    }
    if figure.basis:
        made["basis"] = figure.basis
    if figure.problem:
        made["problem"] = figure.problem
    return made
