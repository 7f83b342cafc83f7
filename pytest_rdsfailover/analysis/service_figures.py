"""How well a trial's operations were served, as figures that a bound can be put on.

Each is measured when it is asked for: of a million operations that takes as long as all other figures.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

from pytest_rdsfailover.analysis.absence import Absence
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.incident_figures import IncidentFigures, incident_figures
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.late import Late, late
from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.recovery import recovery
from pytest_rdsfailover.analysis.served import served, worst_second
from pytest_rdsfailover.analysis.uncollected import uncollected
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.errors import SettingError

SHARES = ("success", "success_during", "success_after", "worst_second", "late_error_share")
DURATIONS = ("recovery", "incident_sum", "incident_span")
COUNTS = ("late_errors", "demoted_writer")
WITHIN = "served_within_"  # and a latency
# What is measured unasked, so that reports and claims have it.
LATENCIES = ("100ms", "250ms", "500ms", "1s", "2s", "5s")
MEASURED = (*SHARES, *(WITHIN + latency for latency in LATENCIES), *DURATIONS, *COUNTS)


@dataclass(frozen=True, kw_only=True)  # without slots, so that it keeps what it has measured
class ServiceFigures:
    """The figures of a trial's operations; None for what there was nothing to measure of.

    Attributes:
        absence: when nobody was served, and when single writers were not.
        problem: why the downtime is no figure; empty if it is one.
        lasting: whether operations still failed when observation ended, as in the finding
            `late_errors`.
    """

    absence: Absence
    problem: str = ""
    lasting: bool = False

    @uncollected()
    def measure(self, name: str) -> Figure | None:
        """Return a figure by its name in `expect`; None if there was nothing to measure.

        Raises:
            SettingError: if it has a latency that is none.
        """
        if name.startswith(WITHIN):
            return self.served_within(latency_of(name))
        if name == "recovery" and not self.absence.disturbed:
            return None
        found: Figure | None = getattr(self, name)() if name in MEASURED else None
        return found

    def success(self) -> Figure | None:
        """Return the share of all operations that were acknowledged."""
        return self._served(self._whole)

    def success_during(self) -> Figure | None:
        """Return the share of those that were due from the trigger until all writers were back."""
        return self._served((self.absence.seen.trigger, self.absence.until))

    def success_after(self) -> Figure | None:
        """Return the share of those that were due from then on."""
        return self._served((self.absence.until, self.absence.seen.stop))

    def served_within(self, seconds: float) -> Figure | None:
        """Return the share of all operations that were acknowledged in time."""
        return self._served(self._whole, within=to_nanoseconds(seconds))

    def worst_second(self) -> Figure | None:
        """Return the smallest share of any one second."""
        seen = self.absence.seen
        found = worst_second(seen, zero=seen.trigger)
        return None if found is None else self._honest(found)

    def late_errors(self) -> Figure:
        """Return how many operations failed that began after the cluster had settled."""
        found = self._late
        if found is None:
            return Figure(0, math.inf, unit="", best=0)
        most = found.failed if self._over else math.inf
        return Figure(found.failed - found.excused, most, unit="", best=found.failed)

    def late_error_share(self) -> Figure | None:
        """Return their share of the operations that began then."""
        found = self._late
        if found is None or not found.begun:
            return None
        least, seen = (n / found.begun for n in (found.failed - found.excused, found.failed))
        basis = f"{found.failed} of {found.begun}"
        return Figure(least, seen if self._over else 1.0, unit="%", best=seen, basis=basis)

    def demoted_writer(self) -> Figure:
        """Return how many of these met a read-only instance."""
        found = self._late
        count = 0 if found is None else found.read_only
        known = found is not None and self._over
        return Figure(count, count if known else math.inf, unit="", best=count)

    def recovery(self) -> Figure:
        """Return from the trigger until operations were as good as in the calm."""
        return self._seconds(recovery(self.absence.seen, self.absence.gaps, ended=self._over))

    def incident_sum(self) -> Figure:
        """Return the most that the outages of one incident add up to."""
        return self._seconds(self._incidents.sum)

    def incident_span(self) -> Figure:
        """Return the longest time from the start of an incident to its end."""
        return self._seconds(self._incidents.span)

    @property
    def _whole(self) -> Gap:
        return self.absence.seen.start, self.absence.seen.stop

    @property
    def _over(self) -> bool:
        """Tell whether all trouble had ended when observation did."""
        back = self.absence.writers.last_back.ended
        return back and not self.absence.gaps.unfinished and not self.lasting

    def _served(self, span: Gap, *, within: int | None = None) -> Figure | None:
        found = served(self.absence.seen, span, within=within)
        return self._honest(found.figure) if found.due > 0 else None

    def _honest(self, share: Figure) -> Figure:
        """Return a share without the ends that rest on what had not ended, or was not watched."""
        return replace(
            share,
            lower=share.lower if self._over else 0.0,
            upper=1.0 if self.problem else share.upper,
            problem=self.problem,
        )

    @cached_property
    def _late(self) -> Late | None:
        """Return what came after settling; None if the cluster had not settled."""
        seen, outages = self.absence.seen, self.absence.outages
        settled = seen.settled
        if settled is None and not seen.triggered:
            settled = outages[-1][1] if outages else seen.start
        return None if settled is None else late(seen.series, settled, seen.still)

    @cached_property
    def _incidents(self) -> IncidentFigures:
        return incident_figures(self.absence.gaps)

    def _seconds(self, ends: Interval) -> Figure:
        upper = to_seconds(ends.upper) if ends.ended else math.inf
        return Figure(to_seconds(ends.lower), upper).doubted(self.problem)


def latency_of(name: str) -> float:
    """Return the seconds that the name `served_within_500ms` ends with.

    Raises:
        SettingError: if these are none.
    """
    seconds = parse_duration(name.removeprefix(WITHIN))
    if seconds <= 0:
        raise SettingError(f"{name}: nothing is served within no time; write {WITHIN}500ms")
    return seconds
