"""What a warning of an unasked finding says of how a test can ask."""

import pytest

from pytest_rdsfailover.model.errors import UnaskedFindingWarning
from pytest_rdsfailover.plugin.unasked import tell_unasked


@pytest.mark.parametrize("name", ["late_errors", "stuck_sessions"])
def test_a_finding_that_is_meant_is_asked_for_by_its_own_name(name):
    finding = {"name": name, "severity": "broken", "evidence": "it is", "expectation": f"{name}=0"}
    entry = {"trial": {"valid": True, "findings": [finding]}}
    with pytest.warns(UnaskedFindingWarning, match=rf"expect\({name}=0\).* with {name}=\">= 1\""):
        tell_unasked([entry], set(), strict=False)

    tell_unasked([entry], {name}, strict=False)


@pytest.mark.parametrize("name", ["uncommitted", "only_reads"])
def test_a_finding_that_is_no_expectation_is_not_told_to_be_one(name):
    finding = {"name": name, "severity": "broken", "evidence": "it is", "expectation": "lost=0"}
    entry = {"trial": {"valid": True, "findings": [finding]}}
    with pytest.warns(
        UnaskedFindingWarning, match=r"expect\(lost=0\).* ignore UnaskedFindingWarning"
    ):
        tell_unasked([entry], set(), strict=False)
