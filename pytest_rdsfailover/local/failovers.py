"""All failovers of a local cluster: those so far, and how the next one begins."""

from collections.abc import Callable, Sequence
from threading import Lock

from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.local.gateway.views import PlayView
from pytest_rdsfailover.local.profiles.profiles import Profile
from pytest_rdsfailover.local.trigger import Trigger
from pytest_rdsfailover.model.clock import Clock, wait_until
from pytest_rdsfailover.model.errors import NotReadyError, RdsFailoverError, SettingError, public
from pytest_rdsfailover.model.records import Milestone

REST_WITHIN = 120.0  # seconds; a failover that is not over by then is stuck


@public
class FailoverInProgressError(RdsFailoverError):
    """A failover was triggered while another was on its way; Aurora refuses that, too."""


class LocalFailover:
    """A failover that the gateway plays."""

    def __init__(self, gateway: GatewayClient, number: int, play: PlayView) -> None:
        self._gateway, self._number = gateway, number
        self.profile, self.triggered = play.name, play.started
        self.moves_writer = play.target is not None
        self.dns_ttl = play.dns_ttl
        self._final: Sequence[Milestone] | None = None

    def milestones(self) -> Sequence[Milestone]:
        """Return the trigger and what the gateway has done since, in order of time."""
        if self._final is not None:
            return self._final
        # Asked first, so that no milestone is missed.
        over = self._gateway.plays(self._number)[0].over
        trigger = Milestone(name="trigger", at=self.triggered, planned=self.triggered)
        milestones = [trigger, *self._gateway.milestones(self._number)]
        if over:
            self._final = milestones
        return milestones

    def settled(self) -> bool:
        """Tell whether the gateway has done all that the profile says."""
        self.milestones()
        return self._final is not None

    def told(self) -> bool:
        """Tell whether it is over: the gateway tells at once."""
        return self.settled()


class LocalFailovers:
    """The failovers of one cluster, one at a time.

    Args:
        gateway: plays the failovers.
        trigger: starts them.
        profile: the failover profile of the run.
        clock: measures the wait for their end.
        log: returns the end of the gateway's log, for errors.
    """

    def __init__(
        self,
        gateway: GatewayClient,
        trigger: Trigger,
        profile: Profile,
        clock: Clock,
        log: Callable[[], str] = str,
    ) -> None:
        self._log = log
        self._gateway, self._trigger = gateway, trigger
        self._profile, self._clock = profile, clock
        self._failovers: list[LocalFailover] = []
        self._lock = Lock()

    def so_far(self) -> Sequence[LocalFailover]:
        """Return every failover so far, whoever started it, each once; any thread may ask."""
        client = self._gateway
        with self._lock:
            count = len(self._failovers)
            self._failovers += [
                LocalFailover(client, count + number, play)
                for number, play in enumerate(client.plays(count))
            ]
            return list(self._failovers)

    def dns_ttl(self) -> float:
        """Return for how long resolvers remember where the cluster's name leads, in seconds."""
        failovers = self.so_far()
        return failovers[-1].dns_ttl if failovers else self._profile.dns_ttl

    def start(self, profile: Profile, target: str | None, seed: int) -> LocalFailover:
        """Trigger a failover and return.

        Args:
            profile: what the failover looks like.
            target: the instance to promote; the first reader by default.
            seed: decides every sampled duration.

        Raises:
            SettingError: if the instance is the writer, or the profile cuts sessions in another way
                than the run's.
            FailoverInProgressError: if another failover is on its way.
        """
        self._refuse_other_cut(profile)
        view = self._gateway.describe()
        if view.playing:
            raise FailoverInProgressError("a failover of this cluster is still on its way")
        if target == view.writer:
            raise SettingError(f"{target} is the writer already; a failover promotes a reader")
        chosen = target or next(
            instance.id for instance in view.instances if instance.id != view.writer
        )
        self._trigger.start(profile, writer=view.writer, target=chosen, seed=seed)
        return self.so_far()[-1]

    def play(self, steps: Sequence[Step], read_only_error: int, name: str) -> LocalFailover:
        """Have the gateway play a script that is no failover of one instance to another.

        Raises:
            GatewayError: if one is on, or this one cannot be played.
        """
        self._gateway.play(steps, read_only_error, name=name)
        return self.so_far()[-1]

    def _refuse_other_cut(self, profile: Profile) -> None:
        if (profile.cut == "close") != (self._profile.cut == "close"):
            raise SettingError(
                f"profile {profile.name!r} ends sessions by {profile.cut!r}, but how a connection"
                " will end is settled when it is made: choose the profile for the whole run, with"
                f" --rds-profile {profile.name}"
            )

    def rest(self) -> None:
        """Wait until the last failover is over.

        Raises:
            NotReadyError: if the failover does not end within `REST_WITHIN`.
        """
        for failover in self.so_far()[-1:]:
            if not wait_until(failover.settled, timeout=REST_WITHIN, clock=self._clock):
                raise NotReadyError(f"the failover {failover.profile!r}", REST_WITHIN, self._log())
