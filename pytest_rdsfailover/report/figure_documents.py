"""Figures in the result document: with both ends, so that no reader takes doubt for certainty."""

import math

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.model.durations import format_duration, format_figure
from pytest_rdsfailover.report.schema import FigureDocument, TrialDocument

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
    found = trial.get("figures", {}).get(name)
    if found is None:
        return Figure(max(0.0, value - resolution), value + resolution, best=value)
    upper = math.inf if found["upper"] is None else found["upper"]
    problem = found.get("problem", "")
    return Figure(found["lower"], upper, problem, unit=found["unit"], best=found["value"])


def in_words(figure: Figure) -> str:
    """Return a duration for a table: with its resolution, or that it had not ended."""
    if math.isinf(figure.upper):
        return f"{format_duration(figure.value)} or more"
    return format_figure(figure.value, figure.resolution)


def _document(figure: Figure) -> FigureDocument:
    made: FigureDocument = {
        "lower": round(figure.lower, DIGITS),
        "upper": None if math.isinf(figure.upper) else round(figure.upper, DIGITS),
        "value": round(figure.value, DIGITS),
        "unit": figure.unit,
    }
    return made | {"problem": figure.problem} if figure.problem else made
