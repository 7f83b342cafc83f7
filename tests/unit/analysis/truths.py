"""How often the truth lies between the ends, and how far apart these are, shape by shape."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from ordeals import play
from shapes import SHAPES
from truth import Truth

from pytest_rdsfailover.analysis.absence import Absence, absences
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.recovery import FEWEST, QUIET
from pytest_rdsfailover.analysis.service_figures import ServiceFigures

NOISE = 2_000  # nanoseconds
SHARES = ("success", "success_during", "success_after", "served_within", "worst_second")
COUNTS = ("outages", "late_errors")
DURATIONS = (
    "downtime", "writer_outage", "last_back", "recovery", "incident_sum", "incident_span",
)  # fmt: skip
FIGURES = (*DURATIONS, *COUNTS, *SHARES)
ROUNDING = 1e-9
WITHIN = 0.05  # seconds


@dataclass
class Coverage:
    """What many journals of one shape say of one figure.

    Attributes:
        inside: in how many the truth lay between the ends.
        outside: the seeds of the others.
        widths: between the ends, in milliseconds, percent or counts.
    """

    inside: int = 0
    outside: list[int] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def add(
        self, seed: int, found: Interval | Figure, least: float, most: float, *, unit: float
    ) -> None:
        is_share = isinstance(found, Figure) and found.unit == "%"
        if (spans if is_share else holds)(found, least, most):
            self.inside += 1
        else:
            self.outside.append(seed)
        self.widths.append(
            math.inf if math.isinf(found.upper) else (found.upper - found.lower) / unit
        )

    @property
    def share(self) -> float:
        return self.inside / (self.inside + len(self.outside))

    @property
    def width(self) -> float:
        return median(self.widths)


def holds(found: Interval | Figure, least: float, most: float) -> bool:
    """Tell whether what was found does not contradict what was the case, between two ends."""
    noise = NOISE if most > NOISE else NOISE / 1e9  # or it is a count, a share, or seconds
    return found.lower <= most + noise and least <= found.upper + noise


def spans(found: Figure, least: float, most: float) -> bool:
    """Tell whether a share leaves open all that may have been the case but for our own pauses."""
    return found.lower <= least + ROUNDING and most <= found.upper + ROUNDING


def cover(shape: str, seeds) -> dict[str, Coverage]:
    """Return the coverage of every figure over journals of a shape, one a seed."""
    found = {name: Coverage() for name in FIGURES}
    for seed in seeds:
        chance = random.Random(f"{shape} {seed}")
        series, course, truth = play(SHAPES[shape](chance), chance)
        absence = absences(series, course)
        ends = absence.ends
        # An outage is seen by its gap, which is shorter by the answers that were still on their way.
        service = absence.gaps.service / 1e9
        explained = absence.gaps.explained / 1e9 + service
        doubtful = absence.writers.explained / 1e9 + service
        truths = {
            "downtime": truth.downtime(),
            "writer_outage": truth.writer_outage(),
            "last_back": truth.last_back(doubtful),
        }
        for name, (least, most) in truths.items():
            found[name].add(seed, getattr(ends, name), least * 1e9, most * 1e9, unit=1e6)
        found["outages"].add(seed, ends.outages, *truth.outages(explained), unit=1)
        for name, figure, (least, most) in service_truths(absence, truth, explained):
            unit = {"%": 0.01, "s": 0.001, "": 1}[figure.unit]
            found[name].add(seed, figure, least, most, unit=unit)
    return found


def service_truths(absence: Absence, truth: Truth, explained: float) -> Iterator[tuple]:
    """Yield the figures of the operations, with what was the case."""
    seen, figures = absence.seen, ServiceFigures(absence=absence)
    parts = {
        "success": (seen.start, seen.stop),
        "success_during": (seen.trigger, absence.until),
        "success_after": (absence.until, seen.stop),
    }
    for name, span in parts.items():
        figure = getattr(figures, name)()
        if figure is not None:
            yield name, figure, truth.share(span)
    whole = figures.served_within(WITHIN)
    yield "served_within", whole, truth.share(parts["success"], WITHIN)
    yield "worst_second", figures.worst_second(), truth.worst_second(seen.stop)
    settled = (seen.settled or 0) / 1e9 if seen.triggered else truth.over
    usual = absence.gaps.unusual / 1e9
    recovered = truth.recovery(seen.trigger / 1e9, settled, usual, QUIET / 1e9, FEWEST)
    yield "recovery", figures.recovery(), recovered
    sums, lengths = truth.incidents(explained)
    yield "incident_sum", figures.incident_sum(), sums
    yield "incident_span", figures.incident_span(), lengths
    if seen.triggered:
        yield "late_errors", figures.late_errors(), truth.late_errors(settled)


def line(shape: str, found: dict[str, Coverage]) -> str:
    cells = (
        f"{each.share:8.2%} {'open' if math.isinf(each.width) else f'{each.width:7.1f}'}"
        for each in found.values()
    )
    return f"{shape:26}" + " | ".join(cells)
