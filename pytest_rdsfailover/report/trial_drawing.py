"""What the HTML page draws of a trial and its document does not have."""

import math
from typing import TypedDict

from pytest_rdsfailover.analysis.drawing import Picture, Strip, picture
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.phases import Phase
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.report.document import to_microseconds
from pytest_rdsfailover.report.felt_milestones import felt_milestones

MOST_PHASES = 200
MOST_STUCK = 200


class PhaseDrawing(TypedDict):
    """Errors of one sort."""

    code: int
    kind: str
    instance: str | None
    count: int
    first_s: float
    last_s: float
    open: bool


class MilestoneDrawing(TypedDict):
    """Something the cluster did, and when its profile wanted it."""

    name: str
    at_s: float
    planned_s: float | None
    instance: str | None


class StripDrawing(TypedDict):
    """A `Strip`; the states of its failed writes are texts, as JSON wants its keys."""

    start: int
    stop: int
    acked: list[int]
    failed: dict[str, list[int]]
    served: list[list[int]]
    waited: list[list[int]]


class PictureDrawing(TypedDict):
    """A `Picture` in lists, texts and numbers only, which every carrier takes."""

    states: list[str]
    instances: list[str]
    strips: list[StripDrawing]
    spells: list[list[list[int]]]
    homes: list[list[list[int]]]


class Portrait(TypedDict):
    """What the page shows of a trial beside its document."""

    reason: str
    rate: float
    writers: int
    seed: int
    window_s: list[float]
    threshold_s: float
    first_back_s: float | None
    last_back_s: float | None
    absent: int
    unjudged_writes: int
    stuck: list[int]
    phases: list[PhaseDrawing]
    milestones: list[MilestoneDrawing]
    picture: PictureDrawing


def portrait(summary: Summary, evidence: Evidence) -> Portrait:
    """Return what is drawn of a trial; it is small, however long the trial was.

    Args:
        summary: the trial, judged.
        evidence: what it was judged by.
    """
    return {
        "reason": summary.reason,
        "rate": summary.rate,
        "writers": summary.writers,
        "seed": summary.seed,
        "window_s": [to_microseconds(summary.window.start), to_microseconds(summary.window.stop)],
        "threshold_s": to_microseconds(summary.threshold),
        "first_back_s": _moment(summary.first_writer_back),
        "last_back_s": _moment(summary.last_writer_back),
        "absent": summary.absent if summary.audited else 0,
        "unjudged_writes": summary.unjudged_writes,
        "stuck": summary.stuck[:MOST_STUCK],
        "phases": [_phase(phase) for phase in summary.phases[:MOST_PHASES]],
        "milestones": [
            {
                "name": milestone.name,
                "at_s": to_microseconds(milestone.at),
                "planned_s": _perhaps(milestone.planned),
                "instance": milestone.instance,
            }
            for milestone in felt_milestones(summary)
        ],
        "picture": _picture(picture(evidence, summary)),
    }


def _picture(drawn: Picture) -> PictureDrawing:
    return {
        "states": drawn.states,
        "instances": drawn.instances,
        "strips": [_strip(strip) for strip in drawn.strips],
        "spells": [[list(spell) for spell in lane] for lane in drawn.spells],
        "homes": [[list(home) for home in lane] for lane in drawn.homes],
    }


def _strip(strip: Strip) -> StripDrawing:
    return {
        "start": strip.start,
        "stop": strip.stop,
        "acked": strip.acked,
        "failed": {str(state): counts for state, counts in strip.failed.items()},
        "served": strip.served,
        "waited": strip.waited,
    }


def _phase(phase: Phase) -> PhaseDrawing:
    return {
        "code": phase.code,
        "kind": phase.kind,
        "instance": phase.instance,
        "count": phase.count,
        "first_s": to_microseconds(phase.first),
        "last_s": to_microseconds(phase.last),
        "open": phase.open,
    }


def _moment(figure: Figure) -> float | None:
    """Return when something was over; None if it never began, or was not when observation ended."""
    if not figure.value or math.isinf(figure.upper):
        return None
    return to_microseconds(figure.value)


def _perhaps(value: float | None) -> float | None:
    return None if value is None else to_microseconds(value)
