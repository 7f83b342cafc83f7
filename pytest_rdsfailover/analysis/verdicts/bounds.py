"""Bounds on the figures of a trial: their names, and how they are written.

They are parsed apart from any trial, so that a wrong one is refused before a server starts.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pytest_rdsfailover.analysis import service_figures
from pytest_rdsfailover.analysis.figure import resolving
from pytest_rdsfailover.analysis.outages import MISSED_SLOTS
from pytest_rdsfailover.model.durations import (
    format_duration,
    format_share,
    parse_duration,
    parse_share,
)
from pytest_rdsfailover.model.errors import SettingError, did_you_mean

Kind = Literal["duration", "count", "share"]
SERVED_WITHIN = "served_within"  # by latency; each is a figure such as `served_within_500ms`
# What can be expected of a trial, and how its bounds are written.
KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        (
            "downtime", "attempts_downtime", "staleness", "writer_outage",
            "availability_area",  # in writer-seconds
            "first_writer_back", "last_writer_back",
            "p50", "p99", "max",  # latencies during the failover
            "p50_before", "p99_before", "max_before", "p50_after", "p99_after", "max_after",
            *service_figures.DURATIONS,
        ),
        "duration",
    ),
    **dict.fromkeys(
        (
            "lost", "duplicated", "recovered", "unexpected", "torn", "unseen",
            "stale_writes", "stuck_writers", "stuck_readers", "stuck_sessions", "outages",
            "refused", "unknown", "not_issued", *service_figures.COUNTS,
        ),
        "count",
    ),
    **dict.fromkeys((*service_figures.SHARES, SERVED_WITHIN), "share"),
}  # fmt: skip
# What the field calls figures that have another name here.
NEAR = {
    "availability": "success",
    "success_rate": "success",
    "errors": "late_errors",
    "error_rate": "success",
    "latency": "p99",
    "rto": "recovery",
    "stuck": "stuck_writers",
}
RESOLVED_BY_RATE = frozenset({"downtime", "attempts_downtime"})
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
# What disproves a bound.
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
UNNAMED = 'a bound has the name of its figure: write expect(downtime="< 2s")'
BOUND = re.compile(r"(?P<operator><=|>=|==|<|>)\s*(?P<value>\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One bound on one figure of a trial.

    Attributes:
        name: the figure: one of `KINDS`.
        operator: `<`, `<=`, `>`, `>=` or, except for durations, `==`.
        bound: in seconds, a count, or a share from 0 to 1.
    """

    name: str
    operator: str
    bound: float

    def __str__(self) -> str:
        return f"{self.name} {self.operator} {worded(self.name, self.bound)}"


def kind_of(name: str) -> Kind | None:
    """Return how bounds on a figure are written; None if nothing is called so."""
    return "share" if name.startswith(service_figures.WITHIN) else KINDS.get(name)


def worded(name: str, number: float) -> str:
    """Return a value of a figure in words."""
    kind = kind_of(name)
    if kind == "duration":
        return format_duration(number)
    return format_share(number) if kind == "share" else f"{number:g}"


def parse_expectations(**bounds: object) -> tuple[Expectation, ...]:
    """Return the expectations that keyword arguments such as `downtime="< 2s", lost=0` name.

    Raises:
        SettingError: for an unknown name, a bound that is none, or a duration without a unit.
    """
    return tuple(_telling(_parse(name, bound)) for name, bound in by_figure(bounds))


def by_figure(bounds: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield each bound by the name of its figure: `served_within` has one a latency.

    Raises:
        SettingError: if that has none.
    """
    for name, bound in bounds.items():
        if name != SERVED_WITHIN:
            yield name, bound
        elif isinstance(bound, Mapping) and bound:
            yield from (
                (f"{service_figures.WITHIN}{latency}", share) for latency, share in bound.items()
            )
        else:
            raise SettingError(
                f'{name}={bound!r} has no latency; write {name}_500ms=">= 99.9%" or'
                f' {name}={{"500ms": ">= 99.9%"}}'
            )


def check_resolution(expectations: Iterable[Expectation], rate: float) -> None:
    """Refuse bounds on a downtime that a load of *rate* writes per second cannot resolve.

    Raises:
        SettingError: naming the rate that would do.
    """
    for expectation in expectations:
        if (
            expectation.name not in RESOLVED_BY_RATE
            or rate <= 0
            or expectation.bound >= MISSED_SLOTS / rate
        ):
            continue
        raise SettingError(
            f"{expectation} is finer than a load of {rate:g} writes per second can see"
            f" ({format_duration(MISSED_SLOTS / rate)}); {resolving(expectation.bound)}"
        )


def _telling(expectation: Expectation) -> Expectation:
    """Return an expectation that a trial may meet or break; no figure is negative, no share above 1."""
    symbol, bound = expectation.operator, expectation.bound
    whole = kind_of(expectation.name) == "share" and bound >= 1
    if (symbol == ">=" and bound == 0) or (symbol == "<=" and whole):
        raise SettingError(f"{expectation} holds for every trial, so it says nothing: name a bound")
    if (symbol == "<" and bound == 0) or (symbol == ">" and whole):
        raise SettingError(f"{expectation} holds for no trial: name a bound that one can meet")
    return expectation


def _parse(name: str, bound: object) -> Expectation:
    kind = kind_of(name)
    if kind is None:
        hint = f"; did you mean {NEAR[name]!r}?" if name in NEAR else did_you_mean(name, KINDS)
        raise SettingError(f"nothing is called {name!r}{hint} (known: {', '.join(KINDS)})")
    match = BOUND.fullmatch(bound.strip()) if isinstance(bound, str) else None
    if kind == "share":
        return _share(name, bound, match)
    if kind == "duration":
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


def _share(name: str, bound: object, match: re.Match[str] | None) -> Expectation:
    if name.startswith(service_figures.WITHIN):
        service_figures.latency_of(name)
    if match is None:
        raise SettingError(f'{name}={bound!r} is no bound on a share; write {name}=">= 99.9%"')
    return Expectation(name=name, operator=match["operator"], bound=parse_share(match["value"]))
