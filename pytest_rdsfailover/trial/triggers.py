"""Triggers the failovers of one test, and lets every load that runs know of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.target import Failover, Target
from pytest_rdsfailover.trial.extensions import Extensions
from pytest_rdsfailover.trial.observation import Observation
from pytest_rdsfailover.trial.sampling import Place, Sampling


class Triggers:
    """What starts the failovers of one test.

    Args:
        target: what may fail over.
        sampling: the seeds of the test's failovers.
        extensions: what the project adds: safety checks, and a trigger of its own.
        place: returns what a failover's seed is counted by, of an endpoint and a profile.

    Attributes:
        own: the failovers that the project's own trigger has started.
    """

    def __init__(
        self,
        target: Target,
        sampling: Sampling,
        extensions: Extensions,
        place: Callable[[str, str | None], Place],
    ) -> None:
        self._target, self._sampling, self._extensions = target, sampling, extensions
        self._place = place
        self._loads: list[tuple[Endpoint, Observation]] = []
        self.own: list[Failover] = []

    @property
    def loads(self) -> Sequence[Observation]:
        """Those that run."""
        return [load for _, load in self._loads]

    @contextmanager
    def known_to(self, load: Observation, endpoint: Endpoint) -> Iterator[None]:
        """Let a load on an endpoint know of each failover within the block."""
        entry = (endpoint, load)
        self._loads.append(entry)
        try:
            yield
        finally:
            self._loads.remove(entry)

    def fail_over(self, instance: str | None, profile: str | None) -> Failover:
        """Trigger a failover, the project's own way if it has one."""
        trigger = self._own_trigger if self._extensions.triggers else self._target.fail_over
        return self.start(partial(trigger, instance, profile), instance, profile)

    def start(
        self, trigger: Callable[[int], Failover], instance: str | None, profile: str | None
    ) -> Failover:
        """Trigger with the next seed, for all loads that run, if they are calm and it is safe."""
        for load in self.loads:
            load.check_calm()
        where = self._loads[-1][0].name if self._loads else ""
        seed = self._sampling.next(self._place(where, profile))
        self._extensions.check_safety(self._target, instance, profile)
        failover = trigger(seed)
        for load in self.loads:
            load.sampled(None if failover in self.own else seed)
            load.note_trigger(failover)
        return failover

    def _own_trigger(self, instance: str | None, profile: str | None, seed: int) -> Failover:
        """Trigger by a hook, or the usual way if none has done it."""
        # A trigger of the project's own cannot be stopped later, so it must be permitted before.
        with self._target.permit(instance):
            own = self._extensions.trigger(self._target, instance, profile, seed)
            if own is None:
                return self._target.fail_over(instance, profile, seed)
        self.own.append(own)
        return own
