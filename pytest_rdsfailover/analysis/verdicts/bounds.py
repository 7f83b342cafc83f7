"""Bounds on the figures of a trial: their names, and how they are written.

They are parsed apart from any trial, so that a wrong one is refused before a server starts.
"""

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from pytest_rdsfailover.analysis.figure import resolving
from pytest_rdsfailover.analysis.outages import MISSED_SLOTS
from pytest_rdsfailover.model.durations import format_duration, parse_duration
from pytest_rdsfailover.model.errors import SettingError, did_you_mean

Kind = Literal["duration", "count"]
# What can be expected of a trial, and how its bounds are written.
KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        (
            "downtime", "attempts_downtime", "staleness", "writer_outage",
            "availability_area",  # in writer-seconds
            "first_writer_back", "last_writer_back",
            "p50", "p99", "max",  # latencies during the failover
        ),
        "duration",
    ),
    **dict.fromkeys(
        (
            "lost", "duplicated", "recovered", "unexpected", "torn", "unseen",
            "stale_writes", "stuck_writers", "stuck_sessions", "outages",
            "refused", "unknown", "not_issued",
        ),
        "count",
    ),
}  # fmt: skip
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
BOUND = re.compile(r"(?P<operator><=|>=|==|<|>)\s*(?P<value>\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One bound on one figure of a trial.

    Attributes:
        name: the figure: one of `KINDS`.
        operator: `<`, `<=`, `>`, `>=` or, for counts, `==`.
        bound: in seconds, or a count.
    """

    name: str
    operator: str
    bound: float

    def __str__(self) -> str:
        duration = KINDS.get(self.name) == "duration"
        bound = format_duration(self.bound) if duration else f"{self.bound:g}"
        return f"{self.name} {self.operator} {bound}"


def parse_expectations(**bounds: object) -> tuple[Expectation, ...]:
    """Return the expectations that keyword arguments such as `downtime="< 2s", lost=0` name.

    Raises:
        SettingError: for an unknown name, a bound that is none, or a duration without a unit.
    """
    return tuple(_parse(name, bound) for name, bound in bounds.items())


def check_resolution(expectations: Iterable[Expectation], rate: float) -> None:
    """Refuse bounds on a downtime that a load of *rate* writes per second cannot resolve.

    Raises:
        SettingError: naming the rate that would do.
    """
    for each in expectations:
        if each.name not in RESOLVED_BY_RATE or rate <= 0 or each.bound >= MISSED_SLOTS / rate:
            continue
        raise SettingError(
            f"{each} is finer than a load of {rate:g} writes per second can see"
            f" ({format_duration(MISSED_SLOTS / rate)}); {resolving(each.bound)}"
        )


def _parse(name: str, bound: object) -> Expectation:
    if name not in KINDS:
        hint = did_you_mean(name, KINDS)
        raise SettingError(f"nothing is called {name!r}{hint} (known: {', '.join(KINDS)})")
    match = BOUND.fullmatch(bound.strip()) if isinstance(bound, str) else None
    if KINDS[name] == "duration":
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
