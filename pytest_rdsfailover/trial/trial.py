"""A trial as the test has it: its verdict with the evidence."""

from dataclasses import fields
from typing import Never, Self, Unpack

from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.analysis.verdicts import expectations
from pytest_rdsfailover.analysis.verdicts.arguments import Expectations
from pytest_rdsfailover.analysis.verdicts.bounds import UNNAMED
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.errors import SettingError, public


class Trial(Summary):
    """What one failover under load came to. Times and durations are seconds.

    Times count from the trigger, or without one from the start of observation. The words are those
    of `docs/definitions.md`.

    Attributes:
        evidence: what all of this was computed from; its parts are private. None if only a summary
            was given.
    """

    evidence: Evidence | None = None
    _asked: set[str] | None = None  # takes the names of what its test expects

    @classmethod
    def of(cls, summary: Summary, evidence: Evidence | None = None) -> Self:
        """Return the same results as a trial."""
        trial = cls(**{entry.name: getattr(summary, entry.name) for entry in fields(Summary)})
        object.__setattr__(trial, "evidence", evidence)  # frozen for everybody else
        return trial

    def expect(self, *unnamed: Never, **bounds: Unpack[Expectations]) -> None:
        """Assert several bounds at once, for example `downtime="< 2s", lost=0`.

        Raises:
            AssertionError: naming every broken or undecided bound, with the evidence.
            SettingError: if a bound makes no sense, or if there is none.
        """
        __tracebackhide__ = True
        if unnamed:
            raise SettingError(UNNAMED)
        if not bounds:
            raise SettingError('expect() holds a trial to nothing; write expect(downtime="< 2s")')
        if self._asked is not None:
            self._asked.update(bounds)
        expectations.expect(self, **bounds)


def report_asked(trial: Trial, names: set[str]) -> None:
    """Put the names of all that will be expected of a trial into a set."""
    object.__setattr__(trial, "_asked", names)  # frozen for everybody else


@public
class InvalidTrialError(AssertionError):
    """The failover did not happen as meant, so that the trial proves nothing: it never passes.

    Its `trial` has what was measured all the same.
    """

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial)
        self.trial = trial

    def __str__(self) -> str:
        return f"this trial proves nothing: {self.trial.reason}"
