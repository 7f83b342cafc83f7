"""Trials that say of themselves that they are no figure are taken again: this machine is shared."""

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

TIMES = 6
UNFIT = re.compile(r"no figure|unreliable|undecided|INCONCLUSIVE:|not over when observation ended")


def fit(take: Callable[[], Any], problem: Callable[[Any], str] = lambda trial: trial.clock.problem):
    """Return the first trial of a few that is a figure.

    Nothing but a trial's own word makes it be taken again: what else is wrong with it is for the test
    to say.

    Args:
        take: takes a trial, or runs some.
        problem: returns why it is no figure; empty if it is one.
    """
    problems: list[str] = []
    while len(problems) < TIMES:
        taken = take()
        why = problem(taken)
        if not why:
            return taken
        problems.append(why)
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    pytest.fail(
        f"{TIMES} trials in a row are no figure, on {os.cpu_count()} CPUs with a load average of"
        f" {busy}; it takes a calmer machine: {problems}"
    )


def unfit_line(result: pytest.RunResult) -> str:
    """Return the line in which a run of pytest says that a trial of its is no figure."""
    return next(filter(UNFIT.search, result.outlines), "")
