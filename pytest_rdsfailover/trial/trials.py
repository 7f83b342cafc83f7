"""The trials of one scenario together, as a test gets them and holds them to claims."""

from collections.abc import Callable, Iterator, Sequence
from typing import Never, Unpack, overload

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.population import Population, Sample, population_of
from pytest_rdsfailover.analysis.statistics import CONFIDENCE
from pytest_rdsfailover.analysis.verdicts import support
from pytest_rdsfailover.analysis.verdicts.arguments import Claims
from pytest_rdsfailover.analysis.verdicts.bounds import UNNAMED
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.errors import SettingError, public


class Trials(Sequence[Sample]):
    """The trials of one scenario as a population; durations in seconds.

    Attributes:
        planned: how many trials were asked for; fewer were run if the verdict was certain.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        planned: int,
        note: Callable[[Sequence[str]], None] = lambda _: None,
        asked: set[str] | None = None,
    ) -> None:
        self._samples, self.planned, self._note = tuple(samples), planned, note
        self._asked = set() if asked is None else asked

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        """Return a trial's sample, in the order in which they were run."""
        return self._samples[index]

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._samples)

    @property
    def summary(self) -> Population:
        """Return what the valid trials say together."""
        return population_of(self)

    @property
    def downtimes(self) -> list[Figure]:
        """Return the downtime of every valid trial, in order.

        One that an unfit clock measured proves at the most that it was short. If too many are such,
        each may be anything: the others cannot speak for them.
        """
        problem = self.summary.problem
        return [sample.downtime.unproven(problem) for sample in self if sample.valid]

    def expect(
        self, *unnamed: Never, confidence: float = CONFIDENCE, **bounds: Unpack[Claims]
    ) -> None:
        """Assert claims about all failovers, for example `downtime="p95 < 2s"`.

        A bound without a quantile, such as `lost=0`, must hold in every trial that was run.

        Raises:
            AssertionError: naming every claim that the trials do not prove, and, if they are too
                few, how many it takes.
            SettingError: if a claim makes no sense, or if there is none.
        """
        __tracebackhide__ = True
        if unnamed:
            raise SettingError(UNNAMED)
        self._asked.update(bounds)
        self._note(support.evidence(self, confidence=confidence, **bounds))
        support.expect(self, confidence=confidence, **bounds)

    def __repr__(self) -> str:
        found = self.summary
        if found.median is None:
            return f"<{type(self).__name__}: none measured of {len(self)}>"
        invalid = f", {found.invalid} INVALID" if found.invalid else ""
        invalid += f", {found.unreliable} unreliable" if found.unreliable else ""
        return (
            f"<{type(self).__name__}: {found.trials} of {self.planned}, down"
            f" {format_duration(found.median.value)} in the middle,"
            f" {format_duration(max(trial.downtime.value for trial in self if trial.measured))} at most,"
            f" {found.zero} of {found.trials} without{invalid}>"
        )


@public
class InvalidTrialsError(AssertionError):
    """Some failovers did not happen as meant, so that the population proves nothing.

    Its `trials` have what was measured all the same.
    """

    def __init__(self, trials: Trials) -> None:
        super().__init__(trials)
        self.trials = trials

    def __str__(self) -> str:
        return "\n".join(support.complaints(self.trials, ()))
