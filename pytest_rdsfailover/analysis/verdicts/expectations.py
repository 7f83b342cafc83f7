"""Verdicts with evidence: whether a trial holds to what it is expected to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.analysis.figure import MIRRORED, Figure
from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.analysis.verdicts.bounds import (
    AUDITED,
    COUNTS,
    DURATIONS,
    INTERVALS,
    OPERATORS,
    OPPOSITE,
    Expectation,
    check_resolution,
    parse_expectations,
)
from pytest_rdsfailover.model.durations import format_duration, format_moment

MOST_SHOWN = 10
PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
# Why a trial has no such figure.
NOTHING = {
    **dict.fromkeys(AUDITED, "nothing was read back after the trial; give stored=..."),
    "stuck_sessions": "nobody could see which connections lead to which instance: not in live mode, nor"
    " in a journal from before this was kept",
    "attempts_downtime": "the workload reported no attempts",
    "staleness": "no read of a replica could be compared with a write of its own writer",
    "unseen": "no read of a writer's own session could be compared with a write of it",
}


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
    return [_judge(summary, each) for each in expectations]


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
        lines = [f"{len(bad)} of {len(judged)} expectations not met"]
    else:
        lines = [f"the trial is invalid, so it cannot pass: {summary.reason}"]
    lines += [f"  {finding}" for finding in summary.findings]
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


def sample_of(summary: Summary) -> Sample:
    """Return what a trial contributes to a population of its repeats."""
    figures: dict[str, Figure | None] = {
        name: summary.figures.get(name) for name in DURATIONS if name not in INTERVALS
    }
    figures["staleness"] = interval(summary, "staleness")
    fit = not summary.clock.problem
    figures["attempts_downtime"] = interval(summary, "attempts_downtime") if fit else None
    return Sample(
        valid=summary.valid,
        reason=summary.reason,
        problem=summary.clock.problem,
        downtime=summary.downtime,
        rate=summary.rate,
        figures=figures | {name: _counted(summary, name) for name in COUNTS},
    )


def _counted(summary: Summary, name: str) -> Figure | None:
    """Return a count of a trial by its name; None if it is undecided."""
    if name in summary.figures:
        return summary.figures[name]
    found = _found(summary, name)
    if found is None:
        return None
    count = len(found) if isinstance(found, list) else found
    undecided = name == "stale_writes" and count == 0 and summary.unjudged_writes
    return None if undecided else Figure.exact(count)


def _judge(summary: Summary, expectation: Expectation) -> Verdict:
    if expectation.name in INTERVALS:
        state, evidence = _interval(summary, expectation)
    elif expectation.name in summary.figures or expectation.name in DURATIONS:
        state, evidence = _known(summary, expectation)
    else:
        state, evidence = _count(summary, expectation)
    return Verdict(expectation=expectation, state=state, evidence=evidence)


def interval(summary: Summary, name: str) -> Figure | None:
    """Return what a trial says between two ends, by its name; None if there was nothing."""
    if name == "downtime":
        return summary.downtime
    if name == "attempts_downtime":
        return None if summary.attempts is None else summary.attempts.downtime
    reads = summary.reads
    return reads.staleness if reads is not None and reads.compared else None


def _interval(summary: Summary, expectation: Expectation) -> tuple[str, tuple[str, ...]]:
    name = expectation.name
    found = interval(summary, name)
    if found is None:
        return INCONCLUSIVE, (NOTHING[name],)
    if name == "staleness":
        return _proof(found, expectation, _what_fresher_reads_tell(found))
    state, evidence = _proof(found, expectation, found.what_would_tell(expectation.bound))
    if state != PASS and summary.clock.problem:
        state = INCONCLUSIVE
        evidence = (summary.in_words(found), summary.clock.problem)
    return state, (*evidence, *_windows(summary)) if name == "downtime" else evidence


def _proof(
    found: Figure, expectation: Expectation, what_would_tell: str
) -> tuple[str, tuple[str, ...]]:
    """Return the state of a bound on what is known between two ends: proven, broken, neither."""
    symbol, bound = expectation.operator, expectation.bound
    was = f"was {found.words(found.value) if found.is_exact else found}"
    holds = found.decide(symbol, bound)
    if holds is not None:
        return PASS if holds else FAIL, (was,)
    return INCONCLUSIVE, (
        was,
        f"it was between {found.ends.replace(' to ', ' and ')}",
        *filter(None, [what_would_tell]),
    )


def _what_fresher_reads_tell(staleness: Figure) -> str:
    if staleness.value == 0:
        return "no read was stale; more writes per second, each nearer to a read, would tell"
    return "the write that was missed and the read took that long; no rate would tell"


def _windows(summary: Summary) -> Iterator[str]:
    longest = sorted(summary.outages, key=lambda each: -each.seconds)
    for each in longest[:MOST_SHOWN]:
        yield (
            f"no write acknowledged from {format_moment(each.start)} to {format_moment(each.stop)}"
            f" after the trigger ({format_duration(each.seconds)})"
        )


def _known(summary: Summary, expectation: Expectation) -> tuple[str, tuple[str, ...]]:
    found = summary.figures.get(expectation.name)
    if found is None:
        return INCONCLUSIVE, ("there was nothing to measure: no write was intended in that time",)
    if summary.stuck and expectation.name == "last_writer_back":
        # Never is later than any time.
        state = FAIL if expectation.operator in {"<", "<="} else PASS
        return state, (f"{summary.stuck_writers} writers never came back",)
    tells = found.problem or found.what_would_tell(expectation.bound)
    return _proof(found, expectation, tells)


def _found(summary: Summary, name: str) -> list[Any] | int | None:
    """Return a count of a trial by its name, or what is counted; None if nobody looked."""
    if name in AUDITED and not summary.audited:
        return None
    if name == "unseen":
        reads = summary.reads
        return reads.unseen if reads is not None and reads.own else None
    found: list[Any] | int = getattr(summary, name)
    return found


def _count(summary: Summary, expectation: Expectation) -> tuple[str, tuple[str, ...]]:
    found = _found(summary, expectation.name)
    if found is None:
        return INCONCLUSIVE, (NOTHING[expectation.name],)
    listed = found if isinstance(found, list) else []
    keys = [str(key) for key in listed] if expectation.name in AUDITED else []
    count = len(found) if isinstance(found, list) else found
    evidence = [f"was {count}"]
    if keys:
        more = f" and {len(keys) - MOST_SHOWN} more" if len(keys) > MOST_SHOWN else ""
        evidence.append(", ".join(keys[:MOST_SHOWN]) + more)
    if expectation.name == "stuck_writers" and summary.stuck:
        evidence.append(f"writers {', '.join(map(str, summary.stuck[:MOST_SHOWN]))}")
    if expectation.name == "stuck_sessions":
        evidence += [each.evidence for each in summary.findings if each.name == "stuck_sessions"]
    if not OPERATORS[expectation.operator](count, expectation.bound):
        return FAIL, tuple(evidence)
    if expectation.name == "stale_writes" and count == 0 and summary.unjudged_writes:
        evidence.append(f"{summary.unjudged_writes} writes were answered by an unknown instance")
        return INCONCLUSIVE, tuple(evidence)
    return PASS, tuple(evidence)
