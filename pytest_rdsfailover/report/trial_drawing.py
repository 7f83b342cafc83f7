"""One trial as the HTML page wants it: beside the document, all that is drawn but not asserted."""

from dataclasses import asdict

from pytest_rdsfailover.analysis.drawing import Picture, picture
from pytest_rdsfailover.analysis.phases import Phase
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.report.document import Plain, to_microseconds

MOST_PHASES = 200
MOST_STUCK = 200


def portrait(summary: Summary, evidence: Evidence) -> Plain:
    """Return a trial as plain data that is small, however long the trial was.

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
        "first_back_s": _perhaps(summary.first_writer_back),
        "last_back_s": _perhaps(summary.last_writer_back),
        "absent": summary.absent,
        "unjudged_writes": summary.unjudged_writes,
        "stuck": summary.stuck[:MOST_STUCK],
        "phases": [_phase(each) for each in summary.phases[:MOST_PHASES]],
        "milestones": [
            {
                "name": each.name,
                "at_s": to_microseconds(each.at),
                "planned_s": _perhaps(each.planned),
                "instance": each.instance,
            }
            for each in summary.milestones
        ],
        "picture": _picture(picture(evidence, summary)),
    }


def _picture(drawn: Picture) -> Plain:
    """Return it in dictionaries, lists and numbers only, which every carrier takes."""
    strips = [asdict(each) for each in drawn.strips]
    for strip in strips:
        strip["failed"] = {str(state): counts for state, counts in strip["failed"].items()}
    return {
        "states": drawn.states,
        "instances": drawn.instances,
        "strips": strips,
        "spells": [[list(spell) for spell in lane] for lane in drawn.spells],
        "homes": [[list(home) for home in lane] for lane in drawn.homes],
    }


def _phase(phase: Phase) -> Plain:
    return {
        "code": phase.code,
        "kind": phase.kind,
        "instance": phase.instance,
        "count": phase.count,
        "first_s": to_microseconds(phase.first),
        "last_s": to_microseconds(phase.last),
    }


def _perhaps(value: float | None) -> float | None:
    return None if value is None else to_microseconds(value)
