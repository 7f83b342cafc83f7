"""What the terminal shows of a run's trials when all tests have ended."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_rdsfailover.report import trial_table
from pytest_rdsfailover.report.scenarios import is_measured
from pytest_rdsfailover.report.tables import wrap
from pytest_rdsfailover.report.verdict import verdict

if TYPE_CHECKING:
    from pytest_rdsfailover.plugin.measured import MeasuredTrial


def show(
    terminal: pytest.TerminalReporter,
    measured: Sequence["MeasuredTrial"],
    errored: Sequence[tuple[str, str]],
    environment: Sequence[str],
) -> None:
    """Print one sentence on all trials, where they were taken, their table, and their timelines.

    Args:
        terminal: pytest's.
        measured: the trials, in the order of the tests.
        errored: tests whose trial ended with an error, and it.
        environment: the lines that say what the figures were taken on.
    """
    terminal.write_sep("=", "database failover")
    complaints = [entry.get("why", "") for entry in measured if entry["failed"]]
    for part in wrap(verdict([entry["trial"] for entry in measured], complaints)):
        terminal.write_line(part, bold=True)
    for line in environment:
        for part in wrap(line):
            terminal.write_line(part)
    _show_table(terminal, measured, errored)
    single = len(measured) == 1 and terminal.verbosity == 0
    if single or terminal.verbosity > 0:
        _show_timelines(terminal, measured)


def _show_table(
    terminal: pytest.TerminalReporter,
    measured: Sequence["MeasuredTrial"],
    errored: Sequence[tuple[str, str]],
) -> None:
    """Print a row for each trial; what failed and what proves nothing in its colour."""
    trials = [entry["trial"] for entry in measured]
    width = terminal.config.get_terminal_writer().fullwidth
    for row in trial_table.table(trials, errored, width=width):
        terminal.write_line(row.text, **_colour(row.row, measured))
    for line in trial_table.doubts(trials):
        terminal.write_line(line, yellow=True)


def _colour(row: int | None, measured: Sequence["MeasuredTrial"]) -> dict[str, bool]:
    """Return how a line of the table is written, by the trial whose figures it shows."""
    if row is None:
        return {"bold": True}
    if row >= len(measured):  # it ended with an error
        return {"red": True}
    unclear = not is_measured(measured[row]["trial"])
    return {"red": measured[row]["failed"] and not unclear, "yellow": unclear}


def _show_timelines(terminal: pytest.TerminalReporter, measured: Sequence["MeasuredTrial"]) -> None:
    for entry in measured:
        if not entry["failed"]:  # a failed test has shown its own
            terminal.write_line("")
            if len(measured) > 1:
                terminal.write_line(entry["trial"]["test"], bold=True)
            for line in entry["timeline"]:
                terminal.write_line(line)
