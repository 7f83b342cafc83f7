"""A load that does not work by itself says what it does not do."""

from types import SimpleNamespace

import pytest
from clocks import SteppingClock

from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.trial.calm import CalmCheck, UnfitLoadError
from pytest_rdsfailover.trial.plan import Plan


def checked(failed, **options):
    """Look at a load of which nothing was acknowledged."""
    progress = Progress(acked_by={"0": 0}, failed=failed, complaints=[])
    load = SimpleNamespace(progress=lambda: progress)
    witness = SimpleNamespace(look=lambda _: "")
    plan = Plan(writers=1, rate=10.0, **options)
    CalmCheck(load, witness, plan, SteppingClock(), lambda: None).check()


def test_calls_that_never_return_are_told_from_calls_that_fail():
    with pytest.raises(
        UnfitLoadError, match=r"no call that writes has returned or raised; bound its waits"
    ):
        checked(failed=0)
    with pytest.raises(UnfitLoadError, match=r"no function has stored one; see whether they reach"):
        checked(failed=0, functions=1, function="load")
    with pytest.raises(UnfitLoadError, match=r"so the load had never worked$"):
        checked(failed=3)


class Answering:
    """A load of which so many operations more are answered with each look at it."""

    def __init__(self, clock, *, acked=0, failed=0, complete=()):
        self.clock, self.acked, self.failed, self.complete = clock, acked, failed, list(complete)

    def progress(self):
        if self.complete and self.clock.now() >= self.complete[0]:
            self.acked += 1
            self.complete.pop(0)
        return Progress(acked_by={"0": self.acked}, failed=self.failed, complaints=[])


def calm(load, clock, *, bound=60.0, check=lambda: None, why="", most=1.0):
    plan = Plan(writers=1, rate=10.0, bound=bound, calm_errors=most)
    return CalmCheck(load, SimpleNamespace(look=lambda _: why), plan, clock, check)


def test_only_what_is_answered_from_the_beginning_of_observation_counts():
    clock, looks = SteppingClock(), []
    looking = calm(
        Answering(clock, acked=5, complete=[3.0]), clock, check=lambda: looks.append(clock.now())
    )
    looking.begin()

    assert looking.check().acked == 6
    assert 3.0 <= clock.now() < 3.1
    assert len(looks) > 100  # at each look for an answer


@pytest.mark.parametrize(("bound", "waited"), [(4.0, 4.0), (90.0, 30.0)])
def test_an_answer_is_waited_for_half_a_minute_or_the_bound_if_that_is_less(bound, waited):
    clock = SteppingClock()
    looking = calm(Answering(clock, acked=5), clock, bound=bound)
    looking.begin()
    looking.check()  # what came before has worked

    assert waited <= clock.now() < waited + 0.1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"why": "nothing came to it"}, "nothing came to it"),
        ({"most": 0.5}, "6 of 10"),
    ],
)
def test_why_a_load_is_unfit_is_said_before_anything_is_triggered(options, said):
    clock = SteppingClock()
    with pytest.raises(UnfitLoadError, match=said):
        calm(Answering(clock, acked=4, failed=6), clock, **options).check()
