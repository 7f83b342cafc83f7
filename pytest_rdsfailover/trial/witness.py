"""Asks the cluster's own side what came to it while a load runs."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from pytest_rdsfailover.analysis.reached import why_untouched
from pytest_rdsfailover.analysis.reached_commits import why_only_read, why_unsaved
from pytest_rdsfailover.journal.witnessed import Witnessed, since
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.model.traffic import SERVER, Traffic
from pytest_rdsfailover.trial.peers import peers
from pytest_rdsfailover.trial.server_counts import ServerCounts, server_counts, tables_in_memory

LOOK_FOR, EVERY = 1.0, 0.005  # seconds: at this process' connections, and between two looks
WATCH_EVERY = 0.1  # seconds between two looks at what is confirmed while the cluster fails over


class Witness:
    """What a target sees of one load.

    Args:
        target: whose side it is.
        endpoint: where the load is to write.
        mark: the prefix of all its keys.
        clock: tells when somebody looked.
        may_call: whether the load may call procedures: the user's own may, our statements do not.
    """

    def __init__(
        self, target: Target, endpoint: Endpoint, mark: str, clock: Clock, *, may_call: bool
    ) -> None:
        self._target, self._mark, self._clock, self._may_call = target, mark, clock, may_call
        self._endpoint, self._own = endpoint.name, f"{endpoint.host}:{endpoint.port}"
        self._address = f"{endpoint.alias or endpoint.host}:{endpoint.port}"
        self._before: Mapping[str, Traffic] | None = None
        self._calm: Mapping[str, Traffic] | None = None
        self._calm_at = self._watched_at = 0.0
        self._ahead = 0
        self._peers: tuple[str, ...] = ()
        self._counts: ServerCounts | None = None  # at the beginning
        self._changed: int | None = None
        self._in_memory: tuple[str, ...] = ()
        self._earlier: set[str] = set()  # peers from before the load

    def begin(self) -> None:
        """Count from now on; to be called before the first write."""
        self._earlier = peers()
        self._before = self._target.traffic(self._mark)
        # Now, because the server counts since its start, and a procedure is known once it was called.
        if self._before and self._may_call:
            self._counts = server_counts(self._target)
            self._in_memory = tables_in_memory(self._target)

    def look(self, acked: Mapping[str, int]) -> str:
        """Look before anything is triggered; return why the load has not reached the cluster.

        Args:
            acked: how many of its writes were acknowledged by now, by the number of their writer.
        """
        self._calm_at = self._clock.now()
        self._calm = self._seen()
        if self._calm is None:
            return ""
        why = why_unsaved(self._calm, acked) or self._why_untouched(self._calm, acked)
        if not why:
            self._changed = self._rows_changed(self._calm)
            why = why_only_read(self._calm, acked, self._changed)
        return why

    def _why_untouched(self, calm: Mapping[str, Traffic], acked: Mapping[str, int]) -> str:
        """Return why the load shows nothing of the cluster, and where it may be instead."""
        if not why_untouched(self._told(None), calm, acked):
            return ""
        self._peers = self._other_peers()
        return why_untouched(self._told(None), calm, acked)

    def watch(self, acked: Callable[[], Mapping[str, int]]) -> None:
        """Look, now and then, whether writes are acknowledged that the cluster has not confirmed.

        Args:
            acked: tells how many were acknowledged by now, by the number of their writer.
        """
        now = self._clock.now()
        readable = any(traffic.keys for traffic in (self._calm or {}).values())
        if not readable or now < self._watched_at + WATCH_EVERY:
            return
        self._watched_at = now
        by_now = acked()  # first: what is acknowledged is confirmed already
        seen = self._seen()
        if seen is not None:
            confirmed = Traffic.total(list(seen.values())).keys
            lacking = (count - confirmed.get(writer, 0) for writer, count in by_now.items())
            self._ahead = max(self._ahead, sum(lack for lack in lacking if lack > 0))

    def end(self) -> Witnessed | None:
        """Return what has come to the cluster; None where nobody can look."""
        whole = self._seen()
        if whole is None and self._calm is None:
            return None
        return replace(self._told(whole), rollbacks=self._rollbacks(whole))

    def _rows_changed(self, calm: Mapping[str, Traffic]) -> int | None:
        """Return how many rows the server has changed since the load began; None if nobody can look."""
        if SERVER in calm:
            return calm[SERVER].rows
        since = self._counted_since()
        return None if since is None else since.changed

    def _rollbacks(self, whole: Mapping[str, Traffic] | None) -> int | None:
        """Return how many the server executed; asked only where procedures were called."""
        if not whole or not any(traffic.calls for traffic in whole.values()):
            return None
        since = self._counted_since()
        return None if since is None else since.rollbacks

    def _counted_since(self) -> ServerCounts | None:
        """Return what the server has counted since the load began; None if it cannot be told."""
        if self._counts is None:
            return None
        now = server_counts(self._target)
        return None if now is None else now.since(self._counts)

    def _seen(self) -> Mapping[str, Traffic] | None:
        return since(self._target.traffic(self._mark), self._before)

    def _told(self, whole: Mapping[str, Traffic] | None) -> Witnessed:
        return Witnessed(
            endpoint=self._endpoint,
            address=self._address,
            calm=self._calm,
            calm_at=self._calm_at,
            whole=whole,
            ahead=self._ahead,
            peers=self._peers,
            in_memory=self._in_memory,
            changed=self._changed,
        )

    def _other_peers(self) -> tuple[str, ...]:
        """Return where this process connects to; looks often, as a connection may be short.

        Addresses from before the load come last, because they are mostly not the application's.
        """
        found = set()
        over = self._clock.now() + LOOK_FOR
        while self._clock.now() < over:
            found |= peers()
            self._clock.sleep(EVERY)
        found.discard(self._own)
        return tuple(sorted(found, key=lambda peer: (peer in self._earlier, peer)))
