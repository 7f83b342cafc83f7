"""The drawings that a failed test shows of its trials."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_rdsfailover.plugin.measured import MeasuredTrial

MOST_TIMELINES = 3  # of one failed test; the others are in the table


def timelines(entries: Sequence["MeasuredTrial"]) -> list[tuple[str, str]]:
    """Return title and drawing of a failed test's trials: of many, those with longest outages."""
    if len(entries) <= MOST_TIMELINES:
        return [("failover timeline", "\n".join(entry["timeline"])) for entry in entries]
    numbered = list(enumerate(entries, start=1))
    longest = sorted(numbered, key=_longest_outage, reverse=True)[:MOST_TIMELINES]
    return [
        (f"failover timeline, trial {number} of {len(entries)}", "\n".join(entry["timeline"]))
        for number, entry in sorted(longest, key=lambda trial: trial[0])
    ]


def _longest_outage(numbered: tuple[int, "MeasuredTrial"]) -> float:
    return max((outage["seconds"] for outage in numbered[1]["trial"]["outages"]), default=0.0)
