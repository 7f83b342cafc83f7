"""Makes the events of a failover, in RDS' own words, from its milestones. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.local.gateway.views import PlayView
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.target import OLD_ENVIRONMENT

CLUSTER, INSTANCE, DEPLOYMENT = "db-cluster", "db-instance", "blue-green-deployment"
KEPT = 14 * 24 * 3600.0  # seconds for which RDS keeps events
USUAL = 60  # minutes that are shown unless the caller says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of `DescribeEvents`; such entries have no id.

    Attributes:
        at: when it happened, by the clock of the milestones.
        source_type: `db-cluster`, `db-instance` or `blue-green-deployment`.
        source: identifier of the cluster, the instance or the deployment.
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
    """Which events a caller wants: those that match all fields.

    None, and no categories, match every event. Times are by the clock of the events.
    """

    source_type: str | None = None
    source: str | None = None
    categories: Collection[str] = ()
    start: float | None = None
    end: float | None = None

    def wants(self, event: Event) -> bool:
        """Tell whether the caller wants an event; at the very start or end it counts as within."""
        return (
            self.source_type in (None, event.source_type)
            and self.source in (None, event.source)
            and (
                not self.categories
                or any(category in self.categories for category in event.categories)
            )
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
        play: the failover or restart, as the gateway plays it.
        milestones: what it has done so far.
        cross_az: whether the new writer is in another availability zone than the old one.
        away: the cluster and the region that the writer moves to, for a switchover of a global
            database; None if the writer stays in its region.
    """
    about_cluster: Iterable[Event] = ()
    if away:
        about_cluster = _switchover(cluster, play, milestones, *away)
    elif play.target:
        about_cluster = _failover(cluster, play, milestones, cross_az=cross_az)
    return sorted([*about_cluster, *_restarts(milestones)], key=lambda event: event.at)


def _failover(
    cluster: str, play: PlayView, milestones: Sequence[Milestone], *, cross_az: bool
) -> Iterator[Event]:
    def event(at: float, message: str) -> Event:
        return Event(
            at=at, source_type=CLUSTER, source=cluster, message=message, categories=("failover",)
        )

    zones = "cross" if cross_az else "same"
    yield event(play.started, f"Started {zones} AZ failover to DB instance: {play.target}")
    promoted = [milestone for milestone in milestones if milestone.name == "promoted"]
    if promoted and play.victim:
        yield Event(
            at=promoted[0].at,
            source_type=INSTANCE,
            source=play.victim,
            message="A new writer was promoted. Restarting database as a reader.",
        )
    if promoted and play.over:
        end = max(
            milestone.at for milestone in milestones if milestone.name in ("promoted", "dns_flip")
        )
        yield event(end, f"Completed customer initiated failover to DB instance: {play.target}")


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
    promoted = [milestone.at for milestone in milestones if milestone.name == "promoted"]
    if promoted:
        yield event(promoted[0], f"New primary {place} was successfully promoted.")
    if promoted and play.over:
        end = max(
            milestone.at for milestone in milestones if milestone.name in ("promoted", "dns_flip")
        )
        yield event(end, f"Global switchover to {place} finished.")


def deployment_story(
    deployment: str, blue: str, green: str, milestones: Iterable[Milestone]
) -> Iterator[Event]:
    """Yield the events of one switchover of a blue/green deployment so far; none of another script's.

    Args:
        deployment: its identifier.
        blue: the identifier of the cluster.
        green: what its green twin is called before.
        milestones: what the switchover has done so far.
    """
    what = f"Switchover from DB cluster {blue} to {green}"
    words = {
        "switchover_initiated": ("notification", "started."),
        "switchover_completed": (
            "notification", f"completed. Renamed {blue} to {blue}{OLD_ENVIRONMENT} and {green} to {blue}."
        ),
        "guardrail_failed": ("failure", "was canceled due to {}."),
        "rolled_back": ("failure", "was canceled due to its time-out."),
    }  # fmt: skip
    for milestone in milestones:
        if milestone.name in words:
            category, text = words[milestone.name]
            yield Event(
                at=milestone.at,
                source_type=DEPLOYMENT,
                source=deployment,
                message=f"{what} {text.format(milestone.instance)}",
                categories=(category,),
            )


RESTARTED = {"promoted", "old_writer_back", "instance_back"}
SHUT_DOWN = {"writer_cut", "instance_cut"}


def _restarts(milestones: Iterable[Milestone]) -> Iterator[Event]:
    for milestone in milestones:
        if milestone.instance is None or milestone.name not in RESTARTED | SHUT_DOWN:
            continue
        yield Event(
            at=milestone.at,
            source_type=INSTANCE,
            source=milestone.instance,
            message=f"DB instance {'shutdown' if milestone.name in SHUT_DOWN else 'restarted'}",
            categories=("availability",),
        )
