"""How often the truth lies between the ends, and how far apart these are, shape by shape."""

import math
import random
from dataclasses import dataclass, field
from statistics import median

from ordeals import play
from shapes import SHAPES

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.interval import Interval

NOISE = 2_000  # nanoseconds
FIGURES = ("downtime", "outages", "writer_outage", "last_back")


@dataclass
class Coverage:
    """What many journals of one shape say of one figure.

    Attributes:
        inside: in how many the truth lay between the ends.
        outside: the seeds of the others.
        widths: between the ends, in milliseconds.
    """

    inside: int = 0
    outside: list[int] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def add(self, seed: int, found: Interval, least: float, most: float, *, unit: float) -> None:
        if holds(found, least, most):
            self.inside += 1
        else:
            self.outside.append(seed)
        self.widths.append((found.upper - found.lower) / unit)

    @property
    def share(self) -> float:
        return self.inside / (self.inside + len(self.outside))

    @property
    def width(self) -> float:
        return median(self.widths)


def holds(found: Interval, least: float, most: float) -> bool:
    """Tell whether what was found does not contradict what was the case, between two ends."""
    noise = NOISE if most > NOISE else 0  # or it is a count
    return found.lower <= most + noise and least <= found.upper + noise


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
    return found


def line(shape: str, found: dict[str, Coverage]) -> str:
    cells = (
        f"{each.share:8.2%} {'open' if math.isinf(each.width) else f'{each.width:7.1f}'}"
        for each in found.values()
    )
    return f"{shape:26}" + " | ".join(cells)
