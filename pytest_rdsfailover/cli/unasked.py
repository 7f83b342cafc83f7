"""What trials found broken though no bound was about it."""

from collections.abc import Iterable, Sequence

from pytest_rdsfailover.analysis.findings.finding import Finding
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.cli.trial_status import BROKEN

UNTRUE = "unexpected"  # an application's refusal of what is stored is as wrong as a loss


def unasked(trials: Iterable[Summary], asked: Iterable[str]) -> list[Finding]:
    """Return findings of what is proven broken, and that no bound is about, the first of each name."""
    names = set(asked)
    broken = {
        finding.name: finding
        for trial in reversed(list(trials))
        if trial.valid
        for finding in trial.findings
        if (finding.severity == "broken" or finding.name == UNTRUE) and finding.name not in names
    }
    return list(broken.values())


def told(findings: Sequence[Finding], status: int) -> str:
    """Return a line that says what such findings mean for the exit status, and how to ask."""
    bounds = dict.fromkeys(
        f"--expect '{_spaced(finding.expectation)}'" for finding in findings if finding.expectation
    )
    if status == BROKEN:
        names = ", ".join(finding.name for finding in findings)
        return f"status {status} by --strict: no --expect asks for {names}"
    ways = [" ".join(bounds), "--strict"] if bounds else ["--strict"]
    return f"status {status}, because no --expect asks for it: {', or '.join(ways)}"


def _spaced(expectation: str) -> str:
    """Return a bound as it is typed: `lost = 0` of `lost=0`, `recovery < 30s` of `recovery="< 30s"`."""
    name, _, bound = expectation.partition("=")
    return f"{name} {bound.strip(chr(34))}" if bound.startswith('"') else f"{name} = {bound}"
