"""Verdicts with evidence: whether a trial holds to what it is expected to."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_rdsfailover.analysis.expectable import AUDITED
from pytest_rdsfailover.analysis.figure import MIRRORED, OPEN, Figure
from pytest_rdsfailover.analysis.findings.finding import in_words, some
from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.analysis.verdicts.bounds import (
    KINDS,
    OPPOSITE,
    SERVED_WITHIN,
    Expectation,
    check_resolution,
    parse_expectations,
)
from pytest_rdsfailover.model.durations import format_duration, format_moment

MOST_SHOWN = 10
PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a trial says about one expectation.

    Attributes:
        expectation: the bound.
        state: `pass`, `fail` or `inconclusive`.
        evidence: lines that say why; the first one is the figure.
    """

    expectation: Expectation
    state: str
    evidence: tuple[str, ...]


def verdicts(summary: Summary, expectations: Iterable[Expectation]) -> list[Verdict]:
    """Return a verdict on each expectation."""
    return [_judge(summary, expectation) for expectation in expectations]


def expect(summary: Summary, **bounds: object) -> None:
    """Assert that a trial is valid and keeps all bounds, for example `downtime="< 2s", lost=0`.

    Raises:
        AssertionError: naming every bound that is broken or undecided, with the evidence. The
            timeline stands beside it, in a section of the test's report.
        SettingError: if a bound makes no sense, or the load could never have resolved it.
    """
    __tracebackhide__ = True
    expectations = parse_expectations(**bounds)
    check_resolution(expectations, summary.rate)
    complaint = complaints(summary, expectations)
    if complaint:
        raise AssertionError("\n".join(complaint))


def complaints(summary: Summary, expectations: Iterable[Expectation]) -> list[str]:
    """Return lines that say what a trial does not hold to; none if it holds to everything."""
    judged = verdicts(summary, expectations)
    bad = [verdict for verdict in judged if verdict.state != PASS]
    if not bad and summary.valid:
        return []
    if summary.valid:
        names = ", ".join(dict.fromkeys(verdict.expectation.name for verdict in bad))
        lines = [f"{len(bad)} of {len(judged)} expectations not met: {names}"]
    else:
        lines = [f"the trial is invalid, so it cannot pass: {summary.reason}"]
    lines += [f"  {line}" for line in in_words(summary.findings)]
    for verdict in bad:
        first, *rest = verdict.evidence
        lines.append(f"  {verdict.state.upper()}: {verdict.expectation}: {first}")
        lines += [f"    {line}" for line in rest]
    return lines


def explain_comparison(symbol: str, left: object, right: object) -> list[str] | None:
    """Return why a plain comparison with a downtime is false; None if it is none of ours.

    Made for pytest's hook `pytest_assertrepr_compare`.
    """
    if isinstance(right, Figure) and not isinstance(left, Figure):
        return explain_comparison(MIRRORED.get(symbol, symbol), right, left)
    if not isinstance(left, Figure) or isinstance(right, Figure) or symbol not in OPPOSITE:
        return None
    if not isinstance(right, (int, float)):
        return None
    expectation = Expectation(name="downtime", operator=symbol, bound=float(right))
    state, evidence = _proof(left, expectation, left.what_would_tell(right))
    return [f"{left} {symbol} {right:g} s", f"{state.upper()}: {evidence[0]}", *evidence[1:]]


def sample_of(summary: Summary, asked: Iterable[str] = ()) -> Sample:
    """Return what a trial contributes to a population of its repeats.

    Args:
        summary: the trial.
        asked: names of figures that are wanted beside those that every trial has.
    """
    names = dict.fromkeys([*KINDS, *summary.figures, *asked])
    del names[SERVED_WITHIN]  # has no figure, but one a latency
    figures: dict[str, Figure | None] = {name: summary.figures.get(name) for name in names}
    if summary.clock.problem:
        figures["attempts_downtime"] = None
    return Sample(
        valid=summary.valid,
        reason=summary.reason,
        problem=summary.clock.problem,
        downtime=summary.downtime,
        rate=summary.rate,
        figures={name: figure for name, figure in figures.items() if name != "downtime"},
    )


def _judge(summary: Summary, expectation: Expectation) -> Verdict:
    found = summary.figures.get(expectation.name)
    if found is None:
        return Verdict(
            expectation=expectation,
            state=INCONCLUSIVE,
            evidence=(summary.figure(expectation.name).problem,),
        )
    state, evidence = _proof(found, expectation, _what_would_tell(found, expectation))
    if state != PASS and found.problem:
        # What the database did is unknown, and so is how wrong the application is.
        state, evidence = INCONCLUSIVE, (_was(found), found.problem)
    return Verdict(
        expectation=expectation,
        state=state,
        evidence=(*evidence, *_details(summary, expectation.name, state)),
    )


def _proof(
    found: Figure, expectation: Expectation, what_would_tell: str
) -> tuple[str, tuple[str, ...]]:
    """Return the state of a bound on what is known between two ends: proven, broken, neither."""
    holds = found.decide(expectation.operator, expectation.bound)
    if holds is not None:
        return PASS if holds else FAIL, (_was(found),)
    return INCONCLUSIVE, (
        _was(found),
        _was_between(found),
        *filter(None, [what_would_tell]),
    )


def _was_between(found: Figure) -> str:
    if math.isinf(found.upper):
        return f"of that {found.words(found.lower)} are proven"
    return f"it was between {found.ends.replace(' to ', ' and ')}"


def _was(found: Figure) -> str:
    return f"was {found.words(found.value) if found.is_exact else found}"


def _what_would_tell(found: Figure, expectation: Expectation) -> str:
    if found.unit == "%":
        return OPEN if found.lower < found.value else ""
    if expectation.name != "staleness":
        return found.what_would_tell(expectation.bound)
    if found.value == 0:
        return "no read was stale; more writes per second, each nearer to a read, would tell"
    return (
        "the write that was missed and the read took that long; a higher rate would not decide it"
    )


def _details(summary: Summary, name: str, state: str) -> Iterator[str]:
    """Yield what a figure is made of: operations, outages, keys, writers, connections."""
    if basis := summary.figure(name).basis:
        yield basis
    if name == "downtime":
        yield from _windows(summary)
    elif name in AUDITED and (keys := list(map(str, getattr(summary, name)))):
        yield some(keys, MOST_SHOWN)
    elif name in {"stuck_writers", "last_writer_back"} and summary.stuck:
        yield f"writer{'s' * (len(summary.stuck) > 1)} {some(summary.stuck, MOST_SHOWN)} never came back"
    elif name == "stuck_sessions":
        yield from (finding.evidence for finding in summary.findings if finding.name == name)
    elif name == "stale_writes" and state == INCONCLUSIVE:
        yield f"{summary.unjudged_writes} writes were answered by an unknown instance"


def _windows(summary: Summary) -> Iterator[str]:
    longest = sorted(summary.outage_windows, key=lambda outage: -outage.seconds)
    for outage in longest[:MOST_SHOWN]:
        yield (
            f"no write acknowledged from {format_moment(outage.start)} to"
            f" {format_moment(outage.stop)} after the trigger ({format_duration(outage.seconds)})"
        )
