"""What RDS tells about a failover: events in its own words, from milestones. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.local.gateway.client import PlayView
from pytest_rdsfailover.model.records import Milestone

CLUSTER, INSTANCE = "db-cluster", "db-instance"
KEPT = 14 * 24 * 3600.0  # seconds for which RDS keeps events
USUAL = 60  # minutes that are shown unless the caller says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of `DescribeEvents`; such entries have no id.

    Attributes:
        at: when, in the time of its milestone.
        source_type: `db-cluster` or `db-instance`.
        source: identifier of the cluster or instance.
        message: what happened, in the words of RDS.
        categories: `failover`, `global failover`, `availability` or none.
    """

    at: float
    source_type: str
    source: str
    message: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which events a caller wants; None and nothing mean all. Times as in the events."""

    source_type: str | None = None
    source: str | None = None
    categories: Collection[str] = ()
    start: float | None = None
    end: float | None = None

    def wants(self, event: Event) -> bool:
        """Tell whether an event is one of them; a start counts as within, an end as well."""
        return (
            self.source_type in (None, event.source_type)
            and self.source in (None, event.source)
            and (not self.categories or any(each in self.categories for each in event.categories))
            and (self.start is None or event.at >= self.start)
            and (self.end is None or event.at <= self.end)
        )


def story(
    cluster: str,
    play: PlayView,
    milestones: Sequence[Milestone],
    *,
    cross_az: bool,
    away: tuple[str, str] | None = None,
) -> list[Event]:
    """Return the events of one failover or restart so far, in order of time.

    Args:
        cluster: identifier of the cluster.
        play: the script.
        milestones: what it has done so far.
        cross_az: the new writer is in another availability zone than the old one.
        away: the cluster and the region that the writer moves to, if that is another region than it
            was in: a switchover of a global database.
    """
    told: Iterable[Event] = ()
    if away:
        told = _switchover(cluster, play, milestones, *away)
    elif play.target:
        told = _failover(cluster, play, milestones, cross_az=cross_az)
    return sorted([*told, *_restarts(milestones)], key=lambda event: event.at)


def _failover(
    cluster: str, play: PlayView, milestones: Sequence[Milestone], *, cross_az: bool
) -> Iterator[Event]:
    def event(at: float, message: str) -> Event:
        return Event(
            at=at, source_type=CLUSTER, source=cluster, message=message, categories=("failover",)
        )

    zones = "cross" if cross_az else "same"
    yield event(play.started, f"Started {zones} AZ failover to DB instance: {play.target}")
    promoted = [one for one in milestones if one.name == "promoted"]
    if promoted and play.victim:
        yield Event(
            at=promoted[0].at,
            source_type=INSTANCE,
            source=play.victim,
            message="A new writer was promoted. Restarting database as a reader.",
        )
    if promoted and play.over:
        last = max(one.at for one in milestones if one.name in ("promoted", "dns_flip"))
        yield event(last, f"Completed customer initiated failover to DB instance: {play.target}")


def _switchover(
    cluster: str, play: PlayView, milestones: Sequence[Milestone], to: str, region: str
) -> Iterator[Event]:
    place = f"DB cluster {to} in Region {region}"

    def event(at: float, message: str) -> Event:
        return Event(
            at=at,
            source_type=CLUSTER,
            source=cluster,
            message=message,
            categories=("global failover",),
        )

    yield event(play.started, f"Global switchover to {place} started.")
    promoted = [one.at for one in milestones if one.name == "promoted"]
    if promoted:
        yield event(promoted[0], f"New primary {place} was successfully promoted.")
    if promoted and play.over:
        last = max(one.at for one in milestones if one.name in ("promoted", "dns_flip"))
        yield event(last, f"Global switchover to {place} finished.")


RESTARTED = {"promoted", "old_writer_back", "instance_back"}
SHUT_DOWN = {"writer_cut", "instance_cut"}


def _restarts(milestones: Iterable[Milestone]) -> Iterator[Event]:
    for one in milestones:
        if one.instance is None or one.name not in RESTARTED | SHUT_DOWN:
            continue
        yield Event(
            at=one.at,
            source_type=INSTANCE,
            source=one.instance,
            message=f"DB instance {'shutdown' if one.name in SHUT_DOWN else 'restarted'}",
            categories=("availability",),
        )
