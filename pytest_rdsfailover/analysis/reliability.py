"""Whether the load generator was fit to measure what it measured: a clock that checks itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.outages import RECENT
from pytest_rdsfailover.analysis.pauses import NEVER, Standstills
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.statistics import percentile
from pytest_rdsfailover.model.durations import format_duration

MOST_OWN = 0.5  # the share of a gap beyond which it says more about the generator than the database
# Where strangers keep that share of all CPUs busy, a program that wants one may have to wait so long:
# a gap below that, in seconds, may be the scheduler's.
CROWDED, WAITS = 0.5, 0.1
STRAY = 0.01  # of the slots in the calm; more of them without a free writer are worth a remark
BUSY = 0.25  # CPUs; strangers that take more are worth a remark


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """What a run knows about its own clock; durations in seconds.

    Attributes:
        lateness_p99: 99 % of the writes whose writer was free were sent no later than this after
            their intended time.
        lateness_max: how late the latest of them was sent.
        natural_gap: the largest gap between two acknowledged writes in the calm before the fault.
        own_pause: the longest time for which the load generator itself stood still.
        own_pause_in_gap: for how much of the failover's longest gap it did so, at an edge of it.
        strangers: CPUs that others used on average; None if the system does not tell.
        calm_not_issued: which share of the slots before the trigger found no free writer.
        problem: why the downtime is no figure; empty if it is one.
    """

    lateness_p99: float
    lateness_max: float
    natural_gap: float
    own_pause: float
    own_pause_in_gap: float
    strangers: float | None
    problem: str
    calm_not_issued: float

    @property
    def remarks(self) -> list[str]:
        """Return what deserves to be known although the figure stands; mostly nothing."""
        found = []
        if self.own_pause_in_gap > 0 and not self.problem:
            own = format_duration(self.own_pause_in_gap)
            found.append(f"the load generator itself stood still for {own} of the longest gap")
        if self.strangers is not None and self.strangers > BUSY:
            found.append(f"other programs kept {self.strangers:.1f} CPUs busy during the trial")
        if self.calm_not_issued > STRAY and not self.problem:
            found.append(
                f"{self.calm_not_issued:.1%} of the slots before the trigger found no free writer"
            )
        return found


def lateness(all_series: Sequence[Series], still: Standstills = NEVER) -> list[int]:
    """Return how long after their intended time writes were sent, sorted.

    Only those whose writer was free and connected then: for others the database is to blame. What one
    process of several slept through counts for its own writers only. Of a long run the latest writes
    speak for all.
    """
    late = []
    share = max(2, RECENT // max(1, len(all_series)))
    for series in all_series:
        rows = zip(
            series.acked[-share:], series.finished[-share:],
            series.intended[-share:][1:], series.started[-share:][1:], strict=False,
        )  # fmt: skip
        asleep = still.apart(series.writer).touching
        late += [
            started - intended
            for acked, before, intended, started in rows
            if acked and before <= intended and not asleep((intended, started))
        ]
    late.sort()
    return late


def lateness_p99(late: Sequence[int]) -> int:
    """Return what 99 % of them do not exceed; 0 without any."""
    return percentile(late, 0.99) if late else 0


def why_unreliable(
    *,
    gap: float,
    own: float,
    late: float,
    threshold: float,
    crowd: float,
) -> str:
    """Return why the longest gap of a failover is no figure of the database; empty if it is one.

    Args:
        gap: the length of the longest gap, in seconds.
        own: how much of it the load generator stood still itself.
        late: how late 99 % of the writes were sent at most, when they could be.
        threshold: gaps up to this length are no outage anyway.
        crowd: the share of all CPUs that other programs kept busy.
    """
    if gap <= threshold:
        return ""
    if own > MOST_OWN * gap:
        return (
            f"the load generator itself stood still for {format_duration(own)} of the longest gap"
            f" of {format_duration(gap)}, so that nobody knows what the database did"
        )
    if late > MOST_OWN * gap:
        return (
            f"1 % of the writes were sent {format_duration(late)} late or more, which is too late"
            f" to measure a gap of {format_duration(gap)}"
        )
    if crowd > CROWDED and gap < WAITS:
        return (
            f"other programs kept {crowd:.0%} of all CPUs busy, and whoever waits for one may have"
            f" made the gap of {format_duration(gap)}"
        )
    return ""
