"""What all trials of a run say about the application, in one sentence."""

from collections.abc import Sequence

from pytest_rdsfailover.report.scenarios import is_measured
from pytest_rdsfailover.report.trial_schema import TrialDocument

SEVERITIES = ("broken", "risky")


def verdict(trials: Sequence[TrialDocument]) -> str:
    """Return the worst finding, how many trials have it, and what helps; or that there is none.

    Empty without a trial.
    """
    if not trials:
        return ""
    valid = [trial for trial in trials if trial["valid"]]
    for severity in SEVERITIES:
        found = [
            finding
            for trial in valid
            for finding in trial.get("findings", ())
            if finding["severity"] == severity
        ]
        if found:
            worst = found[0]
            count = sum(finding["name"] == worst["name"] for finding in found)
            return f"{severity}: {_of(count, trials)}: {worst['evidence']}: {worst['cure']}"
    if len(valid) < len(trials):
        return f"invalid: {_of(len(trials) - len(valid), trials)} the failover was not as meant: they prove nothing"
    measured = sum(map(is_measured, trials))
    if measured < len(trials):
        return (
            f"unreliable: {_of(len(trials) - measured, trials)} the downtime is no figure: run on a"
            " quieter machine, or with a lower rate"
        )
    return f"sound: nothing broken was found {_of(len(trials), trials)}"


def _of(count: int, trials: Sequence[TrialDocument]) -> str:
    return "in the one trial" if len(trials) == 1 else f"in {count} of {len(trials)} trials"
