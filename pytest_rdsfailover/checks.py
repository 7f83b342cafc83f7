"""Verdicts with evidence: what a trial is expected to hold to, and whether it does.

Bounds are parsed apart from any trial, so that a wrong one is refused before a server starts.
"""

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pytest_rdsfailover.analysis.downtime import Downtime
from pytest_rdsfailover.analysis.latency import Percentiles
from pytest_rdsfailover.analysis.outages import MISSED_SLOTS
from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.errors import SettingError
from pytest_rdsfailover.settings import format_duration, parse_duration

COUNTS = (
    "lost",
    "duplicated",
    "recovered",
    "unexpected",
    "torn",
    "stale_writes",
    "stuck_writers",
    "outages",
    "refused",
    "unknown",
    "not_issued",
)
AUDITED = frozenset({"lost", "duplicated", "recovered", "unexpected", "torn"})
LATENCIES = ("p50", "p99", "max")  # during the failover
# The area is in writer-seconds.
DURATIONS = ("downtime", "writer_outage", "availability_area", "last_writer_back", *LATENCIES)
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
# What disproves a bound.
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
BOUND = re.compile(r"(?P<operator><=|>=|==|<|>)\s*(?P<value>\S.*)")
MOST_SHOWN = 10
PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One bound on one figure of a trial.

    Attributes:
        name: the figure: one of `DURATIONS` or `COUNTS`.
        operator: `<`, `<=`, `>`, `>=` or, for counts, `==`.
        bound: in seconds, or a count.
    """

    name: str
    operator: str
    bound: float

    def __str__(self) -> str:
        duration = self.name in DURATIONS
        bound = format_duration(self.bound) if duration else f"{self.bound:g}"
        return f"{self.name} {self.operator} {bound}"


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


def parse_expectations(**bounds: object) -> tuple[Expectation, ...]:
    """Return the expectations that keyword arguments such as `downtime="< 2s", lost=0` name.

    Raises:
        SettingError: for an unknown name, a bound that is none, or a duration without a unit.
    """
    return tuple(_parse(name, bound) for name, bound in bounds.items())


def check_resolution(expectations: Iterable[Expectation], rate: float) -> None:
    """Refuse bounds on the downtime that a load of *rate* writes per second cannot resolve.

    Raises:
        SettingError: naming the rate that would do.
    """
    for each in expectations:
        if each.name != "downtime" or rate <= 0 or each.bound >= MISSED_SLOTS / rate:
            continue
        raise SettingError(
            f"{each} is finer than a load of {rate:g} writes per second can see"
            f" ({format_duration(MISSED_SLOTS / rate)}); {_remedy(each.bound)}"
        )


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
    for verdict in bad:
        first, *rest = verdict.evidence
        lines.append(f"  {verdict.state.upper()}: {verdict.expectation}: {first}")
        lines += [f"    {line}" for line in rest]
    return lines


def explain_comparison(symbol: str, left: object, right: object) -> list[str] | None:
    """Return why a plain comparison with a downtime is false; None if it is none of ours.

    Made for pytest's hook `pytest_assertrepr_compare`.
    """
    if isinstance(right, Downtime) and not isinstance(left, Downtime):
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(symbol, symbol)
        return explain_comparison(mirrored, right, left)
    if not isinstance(left, Downtime) or isinstance(right, Downtime) or symbol not in OPPOSITE:
        return None
    if not isinstance(right, (int, float)):
        return None
    expectation = Expectation(name="downtime", operator=symbol, bound=float(right))
    state, evidence = _downtime(left, expectation)
    return [f"{left} {symbol} {right:g} s", f"{state.upper()}: {evidence[0]}", *evidence[1:]]


def sample_of(summary: Summary) -> Sample:
    """Return what a trial contributes to a population of its repeats."""
    figures = {name: figure(summary, name) for name in DURATIONS if name != "downtime"}
    if summary.stuck:
        figures["last_writer_back"] = math.inf
    return Sample(
        valid=summary.valid,
        reason=summary.reason,
        problem=summary.clock.problem,
        downtime=summary.downtime,
        rate=summary.rate,
        figures=figures | {name: _counted(summary, name) for name in COUNTS},
    )


def _counted(summary: Summary, name: str) -> float | None:
    """Return a count of a trial by its name; None if it is undecided."""
    if name in AUDITED and not summary.audited:
        return None
    found = getattr(summary, name)
    count = len(found) if isinstance(found, list) else found
    undecided = name == "stale_writes" and count == 0 and summary.unjudged_writes
    return None if undecided else float(count)


def _parse(name: str, bound: object) -> Expectation:
    if name not in DURATIONS and name not in COUNTS:
        near = difflib.get_close_matches(name, [*DURATIONS, *COUNTS], n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingError(
            f"nothing is called {name!r}{hint} (known: {', '.join([*DURATIONS, *COUNTS])})"
        )
    match = BOUND.fullmatch(bound.strip()) if isinstance(bound, str) else None
    if name in DURATIONS:
        if match is None or match["operator"] == "==":
            raise SettingError(
                f'{name}={bound!r} is no bound on a duration; write {name}="< 2s" or "<= 500ms"'
            )
        value = parse_duration(match["value"])
        return Expectation(name=name, operator=match["operator"], bound=value)
    if isinstance(bound, int) and not isinstance(bound, bool) and bound >= 0:
        return Expectation(name=name, operator="==", bound=bound)
    if match is not None and match["value"].isdigit():
        return Expectation(name=name, operator=match["operator"], bound=int(match["value"]))
    raise SettingError(f'{name}={bound!r} is no bound on a count; write {name}=0 or {name}="<= 5"')


def _judge(summary: Summary, expectation: Expectation) -> Verdict:
    if expectation.name == "downtime":
        state, evidence = _downtime(summary.downtime, expectation)
        if state != PASS and summary.clock.problem:
            state = INCONCLUSIVE
            evidence = (summary.down, summary.clock.problem)
        evidence = (*evidence, *_windows(summary))
    elif expectation.name in DURATIONS:
        state, evidence = _duration(summary, expectation)
    else:
        state, evidence = _count(summary, expectation)
    return Verdict(expectation=expectation, state=state, evidence=evidence)


def _downtime(downtime: Downtime, expectation: Expectation) -> tuple[str, tuple[str, ...]]:
    """Return the state of a bound on the downtime: proven, disproven, or neither."""
    symbol, bound = expectation.operator, expectation.bound
    was = f"was {downtime}"
    if OPERATORS[symbol](downtime, bound):
        return PASS, (was,)
    if OPERATORS[OPPOSITE[symbol]](downtime, bound):
        return FAIL, (was,)
    between = f"{format_duration(downtime.lower)} and {format_duration(downtime.upper)}"
    return INCONCLUSIVE, (was, f"it was between {between}", _what_would_tell(downtime, bound))


def _what_would_tell(downtime: Downtime, bound: float) -> str:
    if downtime.rate > 0 and bound < MISSED_SLOTS / downtime.rate:
        return f"too few writes ({downtime.rate:g} per second) to tell; {_remedy(bound)}"
    rate = downtime.deciding_rate(bound)
    if rate is not None:
        return f"a rate of about {rate} writes per second would tell"
    return "no rate would tell; more writers, shorter time-outs or a shorter back-off might"


def _remedy(bound: float) -> str:
    if bound <= 0:
        return "no rate can prove a downtime of 0 s; allow at least a few milliseconds"
    return f"it needs a rate of at least {math.ceil(MISSED_SLOTS / bound)} writes per second"


def _windows(summary: Summary) -> Iterator[str]:
    longest = sorted(summary.outages, key=lambda each: -each.seconds)
    for each in longest[:MOST_SHOWN]:
        yield (
            f"no write acknowledged from {each.start:.2f} s to {each.stop:.2f} s after the trigger"
            f" ({format_duration(each.seconds)})"
        )


def _duration(summary: Summary, expectation: Expectation) -> tuple[str, tuple[str, ...]]:
    name, test = expectation.name, OPERATORS[expectation.operator]
    if summary.stuck and name == "last_writer_back":
        # Never is later than any time.
        state = FAIL if expectation.operator in {"<", "<="} else PASS
        return state, (f"{summary.stuck_writers} writers never came back",)
    found = figure(summary, name)
    if found is None:
        return INCONCLUSIVE, ("there was nothing to measure: no write was intended in that time",)
    return PASS if test(found, expectation.bound) else FAIL, (f"was {format_duration(found)}",)


def figure(summary: Summary, name: str) -> float | None:
    """Return a duration of a trial by its name; None if there was nothing to measure."""
    if name in LATENCIES:
        part: Percentiles | None = summary.latency.during
        return None if part is None else float(getattr(part, name))
    if name == "last_writer_back":
        return summary.last_writer_back or 0.0
    return summary.availability_area if name == "availability_area" else summary.writer_outage


def _count(summary: Summary, expectation: Expectation) -> tuple[str, tuple[str, ...]]:
    if expectation.name in AUDITED and not summary.audited:
        return INCONCLUSIVE, ("nothing was read back after the trial; give stored=...",)
    found = getattr(summary, expectation.name)
    keys = [str(key) for key in found] if expectation.name in AUDITED else []
    count = len(found) if isinstance(found, list) else found
    evidence = [f"was {count}"]
    if keys:
        more = f" and {len(keys) - MOST_SHOWN} more" if len(keys) > MOST_SHOWN else ""
        evidence.append(", ".join(keys[:MOST_SHOWN]) + more)
    if expectation.name == "stuck_writers" and summary.stuck:
        evidence.append(f"writers {', '.join(map(str, summary.stuck[:MOST_SHOWN]))}")
    if not OPERATORS[expectation.operator](count, expectation.bound):
        return FAIL, tuple(evidence)
    if expectation.name == "stale_writes" and count == 0 and summary.unjudged_writes:
        evidence.append(f"{summary.unjudged_writes} writes were answered by an unknown instance")
        return INCONCLUSIVE, tuple(evidence)
    return PASS, tuple(evidence)
