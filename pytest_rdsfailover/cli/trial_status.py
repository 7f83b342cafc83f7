"""The exit status of `rdsfailover trial`: what the trials of one command have proven together."""

from collections.abc import Iterator, Sequence

from pytest_rdsfailover.analysis.expectable import AUDITED
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.analysis.verdicts.bounds import Expectation
from pytest_rdsfailover.analysis.verdicts.expectations import FAIL, PASS, Verdict, verdicts

MET, BROKEN, NOTHING_PROVEN = 0, 1, 3


def status_of(
    trials: Sequence[Summary], expectations: Sequence[Expectation], problems: Sequence[str]
) -> int:
    """Return 1 if a bound is proven broken, whatever else is unknown; 0 if all are met; else 3.

    Args:
        trials: those that were taken.
        expectations: the bounds.
        problems: what could not be done or found out.
    """
    states = [verdict.state for trial in trials for verdict in _proving(trial, expectations)]
    if FAIL in states:
        return BROKEN
    proven = all(trial.valid for trial in trials) and all(state == PASS for state in states)
    return MET if proven and not problems else NOTHING_PROVEN


def _proving(trial: Summary, expectations: Sequence[Expectation]) -> Iterator[Verdict]:
    """Yield the verdicts that stand, even if the failover was another one than was meant.

    What was acknowledged and is not stored needs no failover to be proven, provided that what was read
    back are the keys of this load.
    """
    read = trial.audited and len(trial.lost) < trial.acked
    for verdict in verdicts(trial, expectations):
        if trial.valid or (read and verdict.expectation.name in AUDITED):
            yield verdict
