"""Whether a population of trials supports a claim, and what would."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.population import PROVEN_SHARE, Sample, too_few
from pytest_rdsfailover.analysis.service_figures import LATENCIES, WITHIN
from pytest_rdsfailover.analysis.statistics import (
    CONFIDENCE,
    disproves,
    percentile,
    proves,
    share_bound,
    trials_needed,
)
from pytest_rdsfailover.analysis.verdicts import bounds
from pytest_rdsfailover.analysis.verdicts.claims import NO_DOWNTIME, Claim, parse_claims
from pytest_rdsfailover.analysis.verdicts.expectations import FAIL, INCONCLUSIVE, PASS
from pytest_rdsfailover.model.errors import SettingError

UNASKED = f"; give the claim to rds_trials(..., claims=...), or take one of {', '.join(LATENCIES)}"
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimVerdict:
    """What a population says about one claim.

    Attributes:
        claim: the claim.
        state: `pass`, `fail` or `inconclusive`.
        evidence: lines that say why.
    """

    claim: Claim
    state: str
    evidence: tuple[str, ...]


def judge(
    samples: Sequence[Sample], claims: Iterable[Claim], confidence: float = CONFIDENCE
) -> list[ClaimVerdict]:
    """Return a verdict on each claim, from the valid ones among the samples."""
    valid = [sample for sample in samples if sample.valid]
    return [_fit(valid, _judge(valid, claim, confidence)) for claim in claims]


def certain(
    samples: Sequence[Sample], claims: Iterable[Claim], *, planned: int, confidence: float
) -> bool:
    """Tell whether no further trial, of *planned* in all, can change the overall verdict.

    It only takes the verdict of all planned trials earlier, so stopping then costs no confidence.
    """
    valid = [sample for sample in samples if sample.valid]
    best = [_outlook(valid, claim, planned, confidence, lucky=True) for claim in claims]
    worst = [_outlook(valid, claim, planned, confidence, lucky=False) for claim in claims]
    return bool(best) and (not all(best) or all(worst))


def check_confidence(confidence: float) -> None:
    """Raise `SettingError` if a confidence is none."""
    if not isinstance(confidence, float) or not 0 < confidence < 1:
        raise SettingError(f"confidence={confidence!r}: write 0.95 for 95 %")


def expect(samples: Sequence[Sample], *, confidence: float = CONFIDENCE, **claims: object) -> None:
    """Assert that a population supports all claims, for example `downtime="p95 < 2s", lost=0`.

    Raises:
        AssertionError: naming every claim that is disproven or not proven, with the evidence; too
            few trials are no proof, and the text says how many it takes.
        SettingError: if a claim makes no sense, or the load could never have resolved it.
    """
    __tracebackhide__ = True
    if not claims:
        raise SettingError('expect() claims nothing; write expect(downtime="p95 < 2s")')
    check_confidence(confidence)
    parsed = parse_claims(**claims)
    for rate in {sample.rate for sample in samples}:
        bounds.check_resolution([claim.expectation for claim in parsed], rate)
    complaint = complaints(samples, parsed, confidence)
    if complaint:
        raise AssertionError("\n".join(complaint))


def evidence(
    samples: Sequence[Sample], *, confidence: float = CONFIDENCE, **claims: object
) -> list[str]:
    """Return lines that say for each claim whether it is supported and how well.

    Raises:
        SettingError: if a claim or the confidence makes no sense.
    """
    check_confidence(confidence)
    return [
        f"{verdict.claim}: {verdict.state}, {', '.join(verdict.evidence)}"
        for verdict in judge(samples, parse_claims(**claims), confidence)
    ]


def complaints(
    samples: Sequence[Sample], claims: Sequence[Claim], confidence: float = CONFIDENCE
) -> list[str]:
    """Return lines that say which claims a population does not support; none if it does all."""
    invalid = [sample for sample in samples if not sample.valid]
    verdicts = judge(samples, claims, confidence)
    bad = [verdict for verdict in verdicts if verdict.state != PASS]
    lines = [f"{len(bad)} of {len(verdicts)} claims not supported"] if bad else []
    for verdict in bad:
        first, *rest = verdict.evidence
        lines.append(f"  {verdict.state.upper()}: {verdict.claim}: {first}")
        lines += [f"    {line}" for line in rest]
    if invalid:
        reasons = "; ".join(dict.fromkeys(sample.reason for sample in invalid))
        lines.append(f"{len(invalid)} of {len(samples)} trials prove nothing: {reasons}")
    return lines


def _fit(valid: Sequence[Sample], verdict: ClaimVerdict) -> ClaimVerdict:
    """Return a verdict, which few reliable trials leave undecided rather than passed."""
    few = _too_few(valid, verdict.claim)
    if verdict.state != PASS or not few:
        return verdict
    return replace(verdict, state=INCONCLUSIVE, evidence=(verdict.evidence[0], few))


def _too_few(
    valid: Sequence[Sample], claim: Claim, *, reliable: int = 0, unreliable: int = 0
) -> str:
    """Return why too few trials have figures for a claim, others to come counted in; else empty."""
    measured = sum(sample.measured for sample in valid) + reliable
    trials = len(valid) + reliable + unreliable
    return too_few(measured, trials) if claim.needs_clock else ""


def _judge(valid: Sequence[Sample], claim: Claim, confidence: float) -> ClaimVerdict:
    held = sum(map(claim.held, valid))
    broken = sum(map(claim.broken, valid))
    seen = f"held in {held} of {len(valid)} trials"
    if held + broken < len(valid):
        seen += f", undecided in {len(valid) - held - broken}"
    if claim.share is None:
        state = FAIL if broken else PASS if valid and held == len(valid) else INCONCLUSIVE
        why = _worst(valid, claim) if state != PASS else _proof(held, len(valid), confidence)
        return ClaimVerdict(claim=claim, state=state, evidence=(seen, *why))
    if proves(held, len(valid), claim.share, confidence):
        proof = _proof(held, len(valid), confidence)
        return ClaimVerdict(claim=claim, state=PASS, evidence=(seen, *proof))
    lower = 1 - share_bound(len(valid) - held, len(valid), confidence)
    shown = (
        f"{seen}: shown for at least {lower:.0%} of all failovers"
        f" ({confidence:.0%} confidence), not for {claim.share:.0%}"
    )
    state = FAIL if _disproved(valid, claim, confidence) else INCONCLUSIVE
    needed = trials_needed(claim.share, confidence, misses=len(valid) - held)
    remedy = f"it takes {needed} trials if no further one breaks it"
    more = (shown, *_worst(valid, claim)) if state == FAIL else (shown, remedy)
    return ClaimVerdict(claim=claim, state=state, evidence=(*more, *_quantile(valid, claim)))


def _proof(held: int, trials: int, confidence: float) -> list[str]:
    """Return how often a claim may be broken all the same, and what would prove more."""
    rate = share_bound(trials - held, trials, confidence)
    needed = trials_needed(PROVEN_SHARE, confidence, misses=trials - held)
    share = f"{rate * 100:.2g} % of all failovers ({confidence:.0%} confidence)"
    return [f"so at most {share} break it; {needed} trials would prove 99 %"]


def _disproved(valid: Sequence[Sample], claim: Claim, confidence: float) -> bool:
    """Tell whether too many trials break a claim for it to be true, undecided ones left aside."""
    possible = len(valid) - sum(map(claim.broken, valid))
    return claim.share is not None and disproves(possible, len(valid), claim.share, confidence)


def _outlook(
    valid: Sequence[Sample], claim: Claim, planned: int, confidence: float, *, lucky: bool
) -> bool:
    """Tell whether a claim would pass if all trials to come held it, or else broke it."""
    to_come = max(0, planned - len(valid))
    if _too_few(valid, claim, **{"reliable" if lucky else "unreliable": to_come}):
        return False
    held = sum(map(claim.held, valid)) + (to_come if lucky else 0)
    total = len(valid) + to_come
    if claim.share is None:
        return held == total
    return proves(held, total, claim.share, confidence)


def _worst(valid: Sequence[Sample], claim: Claim) -> list[str]:
    """Return the figures of trials that break a claim."""
    bad = [n for n, sample in enumerate(valid, start=1) if not claim.held(sample)]
    if not bad or claim.expectation.name == NO_DOWNTIME:
        return []
    shown = [f"trial {n}: {_words(claim.figure(valid[n - 1]), claim)}" for n in bad[:MOST_SHOWN]]
    more = [f"and {len(bad) - MOST_SHOWN} more"] if len(bad) > MOST_SHOWN else []
    return ["; ".join([*shown, *more])]


def _quantile(valid: Sequence[Sample], claim: Claim) -> list[str]:
    """Return the seen quantile, which is what the claim bounds, without its uncertainty."""
    if claim.expectation.name == NO_DOWNTIME or claim.share is None:
        return []
    figures = sorted(
        figure.value for sample in valid if (figure := claim.figure(sample)) is not None
    )
    if not figures:
        return []
    which = claim.text.partition(" of ")[0]
    above = claim.expectation.operator in {"<", "<="}
    quantile = claim.share if above else 1 - claim.share
    return [f"the {which} seen was {_words(percentile(figures, quantile), claim)}"]


def _words(figure: Figure | float | None, claim: Claim) -> str:
    if figure is None:
        within = claim.expectation.name.startswith(WITHIN)
        return f"not measured{UNASKED if within else ''}"
    if isinstance(figure, Figure):
        return str(figure)
    return bounds.worded(claim.expectation.name, figure)
