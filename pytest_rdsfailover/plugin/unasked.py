"""What a passing test's trials found broken, and the test did not ask about."""

import warnings
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import pytest

from pytest_rdsfailover.analysis.verdicts.arguments import Expectations
from pytest_rdsfailover.model.errors import UnaskedFindingWarning
from pytest_rdsfailover.plugin.measured import MeasuredTrial


def tell_unasked(
    entries: Sequence[MeasuredTrial], asked: AbstractSet[str], *, strict: bool
) -> None:
    """Warn of each finding of severity *broken* that no expectation of the test is about.

    Args:
        entries: the trials of a test that has passed.
        asked: the names of its expectations and claims.
        strict: fail the test instead.
    """
    found = list(dict.fromkeys(_unasked(entries, asked)))
    if found and strict:
        pytest.fail("\n".join(["passed, and yet broken (--rds-strict):", *found]), pytrace=False)
    for line in found:
        warnings.warn(UnaskedFindingWarning(line), stacklevel=2)


def _unasked(entries: Sequence[MeasuredTrial], asked: AbstractSet[str]) -> Iterator[str]:
    for entry in entries:
        trial = entry["trial"]
        for finding in trial.get("findings", ()) if trial["valid"] else ():
            if finding["severity"] == "broken" and finding["name"] not in asked:
                bound = finding["expectation"]
                yield f"{finding['evidence']}{_remedy(finding['name'], bound) if bound else ''}"


def _remedy(name: str, bound: str) -> str:
    """Return what would have told a finding, and how a test says that it is meant."""
    meant = (
        f'say that you expect it, for example with {name}=">= 1"'
        if name in Expectations.__annotations__
        else "ignore UnaskedFindingWarning where it is meant"
    )
    return f"; trial.expect({bound}) would have failed, or {meant}"
