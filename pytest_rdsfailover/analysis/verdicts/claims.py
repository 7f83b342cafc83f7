"""Claims about a population of trials: what they say, and how they are written.

A claim is parsed apart from any trial, so that one that so many trials could never support is
refused before the first of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.population import Sample, had_none
from pytest_rdsfailover.analysis.statistics import trials_needed
from pytest_rdsfailover.analysis.verdicts import bounds
from pytest_rdsfailover.analysis.verdicts.bounds import Expectation
from pytest_rdsfailover.model.errors import SettingError

QUANTILE = re.compile(r"(?P<which>p\d+(?:\.\d+)?|median|max)\s*(?P<bound>[<>=].*)")
SHARE = re.compile(r"(?P<operator>>=|>|<=|<)\s*(?P<percent>\d+(?:\.\d+)?)\s*%")
NO_DOWNTIME = "no_downtime"  # the one claim about a share


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Something that holds for at least a share of all failovers.

    Attributes:
        text: the claim as it was written.
        expectation: what holds for a trial.
        share: for how many of all failovers it must hold, between 0 and 1; None if it must hold
            for every trial that was run, which says nothing about others.
    """

    text: str
    expectation: Expectation
    share: float | None

    def __str__(self) -> str:
        return self.text

    @property
    def needs_clock(self) -> bool:
        """Tell whether it is about what an unfit clock cannot measure: times, and outages."""
        name = self.expectation.name
        return name in {NO_DOWNTIME, "outages"} or bounds.kind_of(name) != "count"

    def held(self, sample: Sample) -> bool:
        """Tell whether a trial proves it."""
        return self._decide(sample) is True

    def broken(self, sample: Sample) -> bool:
        """Tell whether a trial disproves it; neither is possible, too."""
        return self._decide(sample) is False

    def _decide(self, sample: Sample) -> bool | None:
        figure = self.figure(sample)
        if figure is None:
            return None
        return figure.decide(self.expectation.operator, self.expectation.bound)

    def figure(self, sample: Sample) -> Figure | None:
        """Return what a trial says about it; None if that was not measured, or by an unfit clock."""
        name = self.expectation.name
        if name not in {NO_DOWNTIME, "downtime"}:
            return sample.figures.get(name)  # an earlier session's may lack it
        if sample.problem:
            return None
        if name == NO_DOWNTIME:
            none = had_none(sample.downtime)
            return None if none is None else Figure.exact(none)
        return sample.downtime


def parse_claims(**claims: object) -> tuple[Claim, ...]:
    """Return the claims that arguments such as `downtime="p95 < 2s", lost=0` name.

    Raises:
        SettingError: for an unknown name, or a claim that is none.
    """
    return tuple(_parse(name, claim) for name, claim in bounds.by_figure(claims))


def check_support(claims: Iterable[Claim], trials: int, confidence: float) -> None:
    """Refuse claims that *trials* trials cannot support, however well they go.

    Raises:
        SettingError: naming how many it takes.
    """
    for claim in claims:
        needed = 1 if claim.share is None else trials_needed(claim.share, confidence)
        if trials < needed:
            raise SettingError(
                f"{claim} with {confidence:.0%} confidence takes {needed} trials, even if none"
                f" breaks it; {trials} can never show it"
            )


def _parse(name: str, claim: object) -> Claim:
    if name == NO_DOWNTIME:
        return _share_of_none(claim)
    match = QUANTILE.fullmatch(claim.strip()) if isinstance(claim, str) else None
    if match is None:
        (every,) = bounds.parse_expectations(**{name: claim})
        return Claim(text=f"{every} in every trial", expectation=every, share=None)
    (expectation,) = bounds.parse_expectations(**{name: match["bound"]})
    text = f"{match['which']} of {expectation}"
    if match["which"] == "max":
        return Claim(text=text, expectation=expectation, share=None)
    quantile = 0.5 if match["which"] == "median" else float(match["which"][1:]) / 100
    if not 0 < quantile < 1 or expectation.operator == "==":
        raise SettingError(f'{name}={claim!r}: write a quantile as "p95 < 2s", "median < 2s"')
    share = quantile if expectation.operator in {"<", "<="} else 1 - quantile
    return Claim(text=text, expectation=expectation, share=share)


def _share_of_none(claim: object) -> Claim:
    match = SHARE.fullmatch(claim.strip()) if isinstance(claim, str) else None
    share = float(match["percent"]) / 100 if match else 0.0
    if match is None or not 0 < share < 1:
        raise SettingError(f'{NO_DOWNTIME}={claim!r} is no bound on a share; write ">= 60%"')
    above = match["operator"] in {">", ">="}
    return Claim(
        text=f"{NO_DOWNTIME} {match['operator']} {match['percent']}%",
        expectation=Expectation(name=NO_DOWNTIME, operator="==", bound=1.0 if above else 0.0),
        share=share if above else 1 - share,
    )
