"""A load that does not work by itself says what it does not do."""

from types import SimpleNamespace

import pytest
from clocks import SteppingClock

from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.trial.calm import CalmCheck, UnfitLoadError
from pytest_rdsfailover.trial.plan import Plan


def checked(failed):
    """Look at a load of which nothing was acknowledged."""
    progress = Progress(acked_by={"0": 0}, failed=failed, complaints=[])
    load = SimpleNamespace(progress=lambda: progress)
    witness = SimpleNamespace(look=lambda _: "")
    CalmCheck(load, witness, Plan(writers=1, rate=10.0), SteppingClock(), lambda: None).check()


def test_calls_that_never_return_are_told_from_calls_that_fail():
    with pytest.raises(
        UnfitLoadError, match=r"no call that writes has returned or raised; bound its waits"
    ):
        checked(failed=0)
    with pytest.raises(UnfitLoadError, match=r"so the load had never worked$"):
        checked(failed=3)
