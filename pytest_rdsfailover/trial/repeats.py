"""Repeats of one trial: run, spaced, and resumed where a run was interrupted."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, Protocol, TypedDict, Unpack

from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.analysis.statistics import CONFIDENCE
from pytest_rdsfailover.analysis.verdicts import claims, expectations, support
from pytest_rdsfailover.analysis.verdicts.arguments import Claims
from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError, UnreliableTrialsWarning, public
from pytest_rdsfailover.model.settings import check_trials
from pytest_rdsfailover.trial.key import Parts
from pytest_rdsfailover.trial.options import TrialOptions
from pytest_rdsfailover.trial.resume import Finished, KeptTrials
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError, Trial
from pytest_rdsfailover.trial.trials import InvalidTrialsError, Trials


@public
class ResumedVerdictError(AssertionError):
    """A trial failed in the run that was interrupted, and it is not taken again until it passes."""


class Noted(TypedDict):
    """What a test notes of a trial, as far as repeats add to it: the claims that it was held to."""

    claims: NotRequired[list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """How often and how a trial is repeated.

    Attributes:
        trials: how many there are.
        spacing: seconds of rest between two of them.
        claims: what they shall show together; checked at the end, or before as soon as certain.
        confidence: with which confidence.
        stop_early: whether to stop once no further trial can change the verdict.
    """

    trials: int
    spacing: float
    claims: Claims
    confidence: float
    stop_early: bool

    def __post_init__(self) -> None:
        """Refuse what so many trials can never show."""
        check_trials(self.trials)
        support.check_confidence(self.confidence)
        claims.check_support(claims.parse_claims(**self.claims), self.trials, self.confidence)
        if self.stop_early and not self.claims:
            raise SettingError("stop_early needs claims: without one no verdict is ever certain")

    @property
    def asked(self) -> list[str]:
        """Return the names of the figures that the claims are about."""
        return [
            claim.expectation.name
            for claim in claims.parse_claims(**self.claims)
            if claim.expectation.name != claims.NO_DOWNTIME
        ]

    def over(self, samples: Sequence[Sample]) -> bool:
        """Tell whether no further trial is needed."""
        if len(samples) >= self.trials:
            return True
        asked = claims.parse_claims(**self.claims)
        return self.stop_early and support.certain(
            samples, asked, planned=self.trials, confidence=self.confidence
        )


class NotedTrials(Protocol):
    """Where a test's trials are noted, shown, and kept until all are done."""

    @property
    def entries(self) -> Sequence[Noted]:
        """Return what the test has noted so far; a trial adds one."""

    @property
    def asked(self) -> set[str]:
        """Return the names of what the test has claimed or expected so far; may be added to."""

    def recall(self, entry: object, /) -> None:
        """Note a trial of the run that was interrupted."""

    def keep(self, place: int, decisive: Parts, /) -> KeptTrials:
        """Return where finished trials of a population are kept, given what decides them."""

    def progress(self, planned: int, samples: Sequence[Sample], /) -> None:
        """Show a trial that is done: how many are planned, and all so far."""


class Repetition:
    """Repeats trials in one test.

    Args:
        runner: runs a trial.
        notebook: where they are noted, shown and kept.
        trials: how many, unless the test says otherwise.
        spacing: seconds of rest between two of them, unless the test says otherwise.
    """

    def __init__(
        self,
        runner: TrialRunner,
        notebook: NotedTrials,
        *,
        trials: int,
        spacing: float,
        clock: Clock | None = None,
    ) -> None:
        self._runner, self._notebook = runner, notebook
        self._trials, self._spacing = trials, spacing
        self._clock = clock or MonotonicClock()
        self._populations = 0

    def __call__(
        self,
        endpoint: Endpoint,
        *,
        trials: int | None = None,
        spacing: str | None = None,
        claims: Claims | None = None,
        confidence: float = CONFIDENCE,
        stop_early: bool = False,
        **options: Unpack[TrialOptions],
    ) -> Trials:
        """Run the trials, each with a failover of its own; return them as a population.

        Trial i samples the same failover in every scenario of one test function.

        Args:
            endpoint: where the writers connect.
            trials: how many; the marker's or the option's by default.
            spacing: rest between two of them, as `"5s"`; the option's by default.
            claims: what they shall show together, as in `Trials.expect`; checked at the end.
            confidence: with which confidence.
            stop_early: stop once no further trial can change the verdict on the claims.
            options: see `TrialOptions`.

        Raises:
            InvalidTrialsError: if a failover did not happen as its profile says.
            AssertionError: if the claims are not supported.
            SettingError: if so many trials can never support a claim, or an option makes no sense.
        """
        __tracebackhide__ = True
        if claims is not None and not claims:
            raise SettingError('claims={} claim nothing; write claims={"downtime": "p95 < 2s"}')
        repeats = Repeats(
            trials=self._trials if trials is None else trials,
            spacing=self._spacing if spacing is None else parse_duration(spacing),
            claims=claims or {},
            confidence=confidence,
            stop_early=stop_early,
        )
        found = self._run(repeats, endpoint, options)
        if found.summary.problem:
            warnings.warn(UnreliableTrialsWarning(found.summary.problem), stacklevel=2)
        if found.summary.invalid:
            raise InvalidTrialsError(found)
        if repeats.claims:
            found.expect(confidence=confidence, **repeats.claims)
        return found

    def _run(self, repeats: Repeats, endpoint: Endpoint, options: TrialOptions) -> Trials:
        __tracebackhide__ = True
        self._populations += 1
        decisive = {
            **self._runner.decisive(endpoint, options),
            "spacing": repeats.spacing,
            "figures": sorted(repeats.asked),
        }
        kept = self._notebook.keep(self._populations, decisive)
        self._runner.begin(endpoint, options)
        samples: list[Sample] = []
        while not repeats.over(samples):
            finished = kept.recalled.get(len(samples) + 1)
            if finished is None:
                if samples:
                    self._clock.sleep(repeats.spacing)
                self._runner.settle()
                samples.append(self._take(kept, len(samples) + 1, endpoint, options, repeats.asked))
            else:
                self._runner.skip(endpoint, options)
                samples.append(self._recall(kept, finished))
            self._notebook.progress(repeats.trials, samples)
        return Trials(samples, repeats.trials, self._note_claims, self._notebook.asked)

    def _note_claims(self, lines: Sequence[str]) -> None:
        """Keep what claims were judged to be with the last trial, for the reports."""
        if self._notebook.entries:
            self._notebook.entries[-1]["claims"] = [
                *self._notebook.entries[-1].get("claims", ()),
                *lines,
            ]

    def _take(
        self,
        kept: KeptTrials,
        number: int,
        endpoint: Endpoint,
        options: TrialOptions,
        asked: Sequence[str],
    ) -> Sample:
        """Run a trial, and keep it; one whose test fails with it, too: that is its verdict."""
        __tracebackhide__ = True
        noted = len(self._notebook.entries)

        def keep(sample: Sample | None, verdict: str = "") -> None:
            if len(self._notebook.entries) > noted:
                plain = None if sample is None else sample.plain()
                entry = self._notebook.entries[-1]
                kept.append({"number": number, "sample": plain, "entry": entry, "verdict": verdict})

        try:
            sample = self._one(endpoint, options, asked)
        except AssertionError as error:
            keep(None, str(error))
            raise
        keep(sample)
        return sample

    def _one(self, endpoint: Endpoint, options: TrialOptions, asked: Sequence[str]) -> Sample:
        __tracebackhide__ = True
        try:
            trial: Trial = self._runner.trial(endpoint, **options)
        except InvalidTrialError as error:  # the others may still say something
            trial = error.trial
        return expectations.sample_of(trial, asked)

    def _recall(self, kept: KeptTrials, finished: Finished) -> Sample:
        """Note a trial that an interrupted run has finished; fail if its test has failed with it."""
        __tracebackhide__ = True
        self._notebook.recall(finished["entry"])
        kept.append(finished)
        if finished["sample"] is None:
            raise ResumedVerdictError(finished["verdict"])
        return Sample.of_plain(finished["sample"])
