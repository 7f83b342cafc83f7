"""Processes of a load that stood still while others ran, in words."""

from collections.abc import Mapping, Sequence

from pytest_rdsfailover.load.watchdog import Pause
from pytest_rdsfailover.model.durations import format_duration

NOTED = 0.2  # seconds; a shorter standstill comes by itself on a busy machine


def standstill_notes(word: str, asleep: Mapping[int, Sequence[Pause]]) -> list[str]:
    """Return which processes stood still for long, and what that means.

    Args:
        word: what a process is called.
        asleep: when each stood still, by its number.
    """
    longest = {
        number: max(last - first for first, last in pauses)
        for number, pauses in asleep.items()
        if pauses
    }
    return [
        f"{word} {number} stood still for {format_duration(most)}: it saw nothing meanwhile, and the"
        " others did"
        for number, most in longest.items()
        if most >= NOTED
    ]
