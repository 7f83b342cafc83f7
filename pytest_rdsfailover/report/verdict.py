"""What all trials of a run say about the application, in one sentence."""

import re
from collections.abc import Sequence

from pytest_rdsfailover.report.scenarios import is_measured
from pytest_rdsfailover.report.trial_schema import TrialDocument

UNMET = re.compile(r"^\s*(?:FAIL|INCONCLUSIVE): (.*)$", re.MULTILINE)
NUMBER = re.compile(r"\d+(\.\d+)?")
OWN_MODULE = re.compile(r"^pytest_rdsfailover(\.\w+)*\.(?=\w+:)")  # in front of an error's name


def verdict(trials: Sequence[TrialDocument], complaints: Sequence[str] = ()) -> str:
    """Return the worst that is known of a run, in how many trials, and what helps; or that there is nothing.

    Empty without a trial.

    Args:
        trials: the trials of the run.
        complaints: what the tests said that failed, one for each of their trials.
    """
    if not trials:
        return ""
    valid = [trial for trial in trials if trial["valid"]]
    return (
        _finding(valid, "broken", trials)
        or _failed(complaints, trials)
        or _finding(valid, "risky", trials)
        or _nothing_proved(trials)
        or f"sound: nothing broken was found {_of(len(trials), trials)}"
    )


def _finding(valid: Sequence[TrialDocument], severity: str, trials: Sequence[TrialDocument]) -> str:
    """Return the first finding of a severity; empty if there is none."""
    found = [
        finding
        for trial in valid
        for finding in trial.get("findings", ())
        if finding["severity"] == severity
    ]
    if not found:
        return ""
    count = sum(finding["name"] == found[0]["name"] for finding in found)
    return f"{severity}: {_of(count, trials)}: {found[0]['evidence']}: {found[0]['cure']}"


def _failed(complaints: Sequence[str], trials: Sequence[TrialDocument]) -> str:
    """Return the first expectation that was not met, or what else a failed test says first."""
    if not complaints:
        return ""
    reasons = [_reason(complaint) for complaint in complaints]
    kinds = len({NUMBER.sub("", reason.partition(": ")[0]) for reason in reasons})
    first = f", for {kinds} reasons; the first" if kinds > 1 else ""
    return f"failed: {_of(len(complaints), trials)}{first}: {reasons[0]}"


def _reason(complaint: str) -> str:
    """Return the expectation that was not met, or the first line of what else a test said."""
    unmet = UNMET.search(complaint)
    lines = complaint.strip().splitlines() or ["a test failed"]
    return unmet[1] if unmet else OWN_MODULE.sub("", lines[0])


def _nothing_proved(trials: Sequence[TrialDocument]) -> str:
    """Return that trials are invalid or have no figure; empty if all are sound."""
    valid = sum(trial["valid"] for trial in trials)
    if valid < len(trials):
        return (
            f"invalid: {_of(len(trials) - valid, trials)} the failover was not as meant: they prove"
            " nothing"
        )
    measured = sum(map(is_measured, trials))
    if measured < len(trials):
        return (
            f"unreliable: {_of(len(trials) - measured, trials)} the downtime is no figure: run on a"
            " quieter machine, or with a lower rate"
        )
    return ""


def _of(count: int, trials: Sequence[TrialDocument]) -> str:
    return "in the one trial" if len(trials) == 1 else f"in {count} of {len(trials)} trials"
