"""The local cluster as RDS would see it: roles, states, failovers, events. Does not use moto."""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from typing import cast

from pytest_rdsfailover.local.aws_api import events, request
from pytest_rdsfailover.local.aws_api.impairment import Impairment
from pytest_rdsfailover.local.aws_api.looks import AVAILABLE, REBOOTING, Look, ShownMember, as_known
from pytest_rdsfailover.local.aws_api.script import Script
from pytest_rdsfailover.local.aws_api.shown import (
    ABROAD,
    Shown,
    deployment_id,
    other_region,
)
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.views import ClusterView, InstanceView, PlayView
from pytest_rdsfailover.local.profiles.choreography import choreography
from pytest_rdsfailover.local.profiles.profiles import Profile, load_profile
from pytest_rdsfailover.model.errors import GatewayError, RdsFailoverError
from pytest_rdsfailover.model.records import Milestone

FIRST_TIER = 1  # RDS' own default; 0 is promoted first, 15 last
ZONES = "abc"


class RefusalError(RdsFailoverError):
    """RDS refuses a call: the error code and the message that it answers."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class Plane:
    """Answers for one cluster; asks the gateway each time, so that there is one truth.

    Args:
        gateway: a connection that nobody else uses.
        shown: how the cluster is shown at first.

    Attributes:
        impairment: what it shows late.
        gateway: the connection.
    """

    def __init__(self, gateway: GatewayClient, shown: Shown) -> None:
        self.gateway, self._usual = gateway, shown.usual
        self.cluster, self._region, self._abroad = shown.cluster, shown.region, shown.abroad
        self._starting = threading.Lock()
        self._zones = {
            instance.id: ZONES[number % len(ZONES)]
            for number, instance in enumerate(gateway.describe().instances)
        }
        self.impairment = Impairment()
        self._count = 0
        # Once: an event that were dated anew at each request would seem to be another each time.
        self._since_epoch = time.time() - time.monotonic()

    def zone(self, instance: str) -> str:
        """Return the letter of an instance's availability zone."""
        return self._zones[instance]

    def members(self) -> Sequence[ShownMember]:
        """Return all instances as they are now; the same within one request."""
        return self._look().members

    def member(self, name: str) -> ShownMember:
        """Return an instance as it is now."""
        return next(member for member in self.members() if member.id == name)

    def status(self) -> str:
        """Return the status of the cluster: `failing-over` from the trigger to the last step."""
        return "failing-over" if self._look().moving else "available"

    def switching(self) -> bool:
        """Tell whether the writer is on its way to another region."""
        look = self._look()
        return look.moving and look.away

    def _look(self) -> Look:
        """Return the cluster as it was when this request first looked at it; now, if it has not.

        If an answer were made of several looks, it could show two writers, or none.
        """
        answers = request.answers.get()
        if answers is None:
            return self._look_now()
        if "look" not in answers:
            answers["look"] = self._look_now()
        return cast("Look", answers["look"])

    def _look_now(self) -> Look:
        view, plays = self.gateway.describe(), self.gateway.plays()
        look = Look(
            members=tuple(
                ShownMember(
                    id=instance.id,
                    writer=instance.id == view.writer,
                    status=_status(instance, plays),
                    role=instance.role,
                )
                for instance in view.instances
            ),
            moving=bool(plays) and not plays[-1].over and plays[-1].target is not None,
            away=bool(plays) and self._away(plays[-1]) is not None,
        )
        lag = self.impairment.lag
        return as_known(look, self._histories(plays), time.monotonic() - lag) if lag else look

    def _histories(self, plays: Sequence[PlayView]) -> list[tuple[PlayView, Sequence[Milestone]]]:
        """Return what each of the failovers and restarts has done so far."""
        return [(play, self.gateway.milestones(number)) for number, play in enumerate(plays)]

    def look_again(self) -> None:
        """Let the rest of this request's answer show the cluster as it is now."""
        answers = request.answers.get()
        if answers is not None:
            answers.pop("look", None)

    def _away(self, play: PlayView) -> tuple[str, str] | None:
        """Return cluster and region of the new writer; None if it is in the old one's region."""
        there = play.target in self._abroad
        if play.target is None or there == (play.victim in self._abroad):
            return None
        return (ABROAD, other_region(self._region)) if there else (self.cluster, self._region)

    def fail_over(
        self, target: str | None, tiers: Mapping[str, int], script: Script | None
    ) -> None:
        """Start a failover and return at once.

        Args:
            target: the instance to promote; None for the available reader of the lowest tier.
            tiers: the promotion tier of each instance that may be promoted.
            script: what to play; None for the usual script.

        Raises:
            RefusalError: if RDS would refuse it, with RDS' code and message.
        """
        self._look()  # RDS' answer shows the cluster as it was before
        with self._starting:
            view = self._resting()
            successor = self._successor(view, target, tiers)
            script = script or self._next_script()
            if not script.profile.moves_writer:
                raise RefusalError(
                    "InvalidDBClusterStateFault",
                    f"the profile {script.profile.name!r} restarts the writer and promotes nobody;"
                    " reboot the writer instead",
                )
            self._play(script, writer=view.writer, target=successor)

    def reboot(self, instance: str, script: Script | None) -> None:
        """Restart one instance in place; return at once. It is `rebooting` from now on.

        Raises:
            RefusalError: if RDS would refuse it, with RDS' code and message.
        """
        with self._starting:
            view = self.gateway.describe()
            member = next(member for member in view.instances if member.id == instance)
            if view.playing or member.state != "up":  # one thing happens at a time
                raise RefusalError(
                    "InvalidDBInstanceState", f"Instance {instance} is not in available state."
                )
            script = script or self._next_script()
            if script.profile.moves_writer:
                script = Script(profile=load_profile("crash"), seed=script.seed)
            self._play(script, writer=instance, target=instance)
        self.look_again()

    def story(self) -> list[events.Event]:
        """Return the events of all failovers and restarts; `at` in seconds of the epoch.

        Those that come late are not there yet.
        """
        listed = time.monotonic() - self.impairment.late_events
        happened: list[events.Event] = []
        deployment = self.gateway.describe().deployment
        for number, (play, milestones) in enumerate(self._histories(self.gateway.plays())):
            cross = bool(play.target and play.victim) and (
                self._zones[play.target or ""] != self._zones[play.victim or ""]
            )
            away = self._away(play)
            happened += events.story(self.cluster, play, milestones, cross_az=cross, away=away)
            if deployment is not None and number >= deployment.first_play:
                happened += events.deployment_story(
                    deployment_id(deployment.suffix), self.cluster,
                    self.cluster + deployment.suffix, milestones,
                )  # fmt: skip
        return [
            events.Event(
                at=event.at + self._since_epoch, source_type=event.source_type, source=event.source,
                message=event.message, categories=event.categories,
            )
            for event in happened
            if event.at <= listed
        ]  # fmt: skip

    def _resting(self) -> ClusterView:
        """Return the cluster; refuse if a failover is on its way."""
        view = self.gateway.describe()
        if view.playing:
            raise RefusalError(
                "InvalidDBClusterStateFault",
                f"DB cluster {self.cluster} is not in available state.",
            )
        return view

    def _successor(self, view: ClusterView, target: str | None, tiers: Mapping[str, int]) -> str:
        readers = [
            instance
            for instance in view.instances
            if instance.id in tiers and instance.id != view.writer
        ]
        available = [instance.id for instance in readers if instance.state == "up"]
        if target is None:
            if not available:
                raise RefusalError(
                    "InvalidDBClusterStateFault",
                    f"Database cluster:{self.cluster} should have at least two database instances"
                    " in valid states for failover.",
                )
            return min(available, key=lambda name: tiers.get(name, FIRST_TIER))
        if target == view.writer:
            raise RefusalError(
                "InvalidParameterValue",
                f"Target instance {target} is already the writer of the DB cluster.",
            )
        if target not in tiers:
            raise RefusalError(
                "InvalidParameterValue", f"Cannot find target instance: {target} in the DB cluster"
            )
        if target not in available:
            raise RefusalError(
                "InvalidDBInstanceState", f"Instance {target} is not in available state."
            )
        return target

    def _next_script(self) -> Script:
        """Return the usual script with the next of its seeds; every run has the same sequence."""
        self._count += 1
        chance = random.Random(f"{self._usual.seed}/{self._count}")  # noqa: S311 - durations
        return Script(profile=self._usual.profile, seed=chance.randrange(1 << 32))

    def _play(self, script: Script, *, writer: str, target: str) -> None:
        profile: Profile = script.profile
        steps = choreography(profile, writer=writer, target=target, seed=script.seed)
        try:
            self.gateway.play(
                steps, profile.read_only_error, name=profile.name, dns_ttl=profile.dns_ttl
            )
        except GatewayError as error:
            raise RefusalError("InvalidDBClusterStateFault", str(error)) from error


def _status(instance: InstanceView, plays: Sequence[PlayView]) -> str:
    """Return the status of an instance: `rebooting` also before a restart has begun to be felt."""
    restarting = (
        bool(plays)
        and not plays[-1].over
        and plays[-1].target is None
        and plays[-1].victim == instance.id
    )
    return REBOOTING if restarting or instance.state != "up" else AVAILABLE
