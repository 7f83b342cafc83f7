"""When nobody was served during a trial, when single writers were not, and how sure that is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.gap_figures import GapFigures, gap_figures
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.weighing import Weighed
from pytest_rdsfailover.analysis.writer_figures import WriterFigures, writer_figures
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import to_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Between which ends the figures of a trial's absences lie; nanoseconds, except the count.

    An end that observation did not see is infinite. What makes the longest gap no figure of the
    database (`Reliability.problem`) makes none of these one.

    Attributes:
        downtime: the longest time in which nobody was served.
        outages: how many times nobody was served for longer than the schedule explains.
        writer_outage: the longest time in which one writer was not served.
        area: for how long writers were not served, all added up.
        first_back: from the trigger until the longest outage ended; 0 without one.
        last_back: from the trigger until the last writer was served again; 0 if none was away.
    """

    downtime: Interval
    outages: Interval
    writer_outage: Interval
    area: Interval
    first_back: Interval
    last_back: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What the gaps of a trial say; times in nanoseconds of the monotonic clock.

    Attributes:
        seen: the trial.
        gaps: the figures of the gaps between the acknowledgements of all writers.
        writers: the figures of single writers.
    """

    seen: Observed
    gaps: GapFigures
    writers: WriterFigures

    @property
    def ends(self) -> Ends:
        """Return between which ends each figure lies."""
        return Ends(
            downtime=self.gaps.downtime,
            outages=self.gaps.count,
            writer_outage=self.writers.longest,
            area=self.writers.area,
            first_back=self.gaps.first_back(self.seen),
            last_back=self.writers.last_back,
        )

    @property
    def outages(self) -> list[Gap]:
        """Return the gaps that are outages, in order."""
        return [outage.gap for outage in self.gaps.outages]

    @property
    def downtime(self) -> Figure:
        """Return the longest outage; zero up to the widest gap's longest if there was none."""
        found, rate = self.gaps.downtime, self.seen.rate
        lower, upper = to_seconds(found.lower), to_seconds(found.upper)
        best = math.nan if self.gaps.outages and found.ended else 0.0
        if self.gaps.outages and not found.ended:
            best = to_seconds(self.gaps.unseen)  # what was seen of it
        return Figure(lower, upper, rate=rate, best=best)

    @property
    def acked_before(self) -> int:
        """Return how many writes were acknowledged before the trigger; all if there was none."""
        return len(self.seen.calm)

    @property
    def disturbed(self) -> bool:
        """Tell whether there was anything to come back from: a trigger, an outage, a failed operation."""
        failed = any(series.failures for series in self.seen.series)
        return (
            self.seen.triggered or failed or bool(self.gaps.candidates) or bool(self.writers.spans)
        )

    @property
    def until(self) -> int:
        """Return the end of what belongs to the failover; without one that is the whole run."""
        if not self.seen.triggered:
            return self.seen.stop
        if self.writers.back is not None:
            return self.writers.back
        return max(self.seen.trigger, self.seen.settled or 0)


def absences(
    found: Sequence[Series],
    course: Course,
    *,
    database: bool = False,
    tries: Sequence[Weighed] = (),
) -> Absence:
    """Return when nobody was served, and when single writers were not.

    Args:
        found: what each writer did.
        course: what is known apart from that.
        database: whether the database is asked for, and not the application.
        tries: the gaps between the tries that alone serve operations; in order.
    """
    seen = Observed.of(found, course)
    gaps = gap_figures(seen, database=database, tries=tries)
    return Absence(seen=seen, gaps=gaps, writers=writer_figures(seen, gaps))
