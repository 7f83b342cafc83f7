"""The one real cluster of a session: described when first asked for, locked while in use."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, Self

from pytest_rdsfailover.live.cancelling import Cancelling, cancelled_in_order
from pytest_rdsfailover.live.cluster import LiveCluster
from pytest_rdsfailover.live.dry_run import dry_run
from pytest_rdsfailover.live.gatherer import Gatherer
from pytest_rdsfailover.live.ledger import Ledger, session_id
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.errors import NotHereError, RdsFailoverError
from pytest_rdsfailover.model.live_settings import LiveSettings


class DryRunError(NotHereError):
    """Says what would have been done without --rds-dry-run; the test is skipped."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines)
        self.lines = lines

    def __str__(self) -> str:
        return "; ".join(self.lines)


class TooFewInstancesError(NotHereError):
    """The real cluster has fewer instances than a test asks for; the test is skipped."""


class LiveBackend:
    """Hands out the cluster that the run names; a context manager, whose end ends all watching.

    Args:
        asked: what may be done, to which cluster.
        directory: keeps what outlives the session: the lock, the budget, the audit record.
    """

    def __init__(self, asked: LiveSettings, directory: Path) -> None:
        self._asked = asked
        self.region = Region(asked.region, asked.endpoint_url)
        name = f"{asked.account}-{asked.region}-{asked.cluster}"
        self._ledger = Ledger(directory, name, session=session_id(), audit=asked.audit)
        self._gatherer = Gatherer(asked, self.region, self._ledger)
        self._files = tempfile.TemporaryDirectory(prefix="rdsfailover-")
        self._cluster: LiveCluster | None = None
        self._block, self._cancelling = ExitStack(), Cancelling()

    def __enter__(self) -> Self:
        self._cancelling = self._block.enter_context(cancelled_in_order())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._cluster is not None:
                self._cluster.close()
        finally:
            self._ledger.release()
            self._files.cleanup()
            self._block.close()

    def cluster(self, instances: int | None = None, *, api: bool = False) -> LiveCluster:  # noqa: ARG002
        """Return the cluster with no failover on its way, and locked for us until `release`.

        Args:
            instances: how many instances the test needs at least.
            api: whether the test will call the AWS API; a real cluster always has one.

        Raises:
            DryRunError: in a dry run, with what would be done.
            TooFewInstancesError: if the cluster has fewer instances.
            RefusedError: if a gate is closed.
            PreflightError: if the cluster cannot be reached.
            RdsFailoverError: if another process holds the lock for longer than we may wait.
        """
        if not self._ledger.acquire(self._asked.lock_wait):
            raise RdsFailoverError(
                f"{self._asked.cluster} is used by another process of this machine; waited"
                f" {self._asked.lock_wait:.0f} s for it"
            )
        try:
            return self._ready(instances)
        except BaseException:
            self.release()
            raise

    def another(self, number: int, instances: int | None = None) -> NoReturn:  # noqa: ARG002
        """Skip the test: a run may touch one real cluster only.

        Raises:
            NotHereError: always.
        """
        raise NotHereError("a live run has one cluster; rds_clusters is for local ones")

    def _ready(self, instances: int | None) -> LiveCluster:
        if self._asked.dry_run:
            raise DryRunError(dry_run(self._gatherer))
        if self._cluster is None:
            self._cluster = LiveCluster(self._gatherer, Path(self._files.name))
        cluster = self._cluster
        if instances is not None and len(cluster.instances) < instances:
            raise TooFewInstancesError(
                f"{self._asked.cluster} has {len(cluster.instances)} instances, not {instances}"
            )
        cluster.rest()
        cluster.check_in()
        return cluster

    def release(self) -> None:
        """Wait until no failover is on its way, then release the lock of the cluster.

        Of a run that was told to end nobody gets the cluster next: nothing is waited for. The gates of
        whoever locks it then see what state it is in.
        """
        try:
            if self._cluster is not None and not self._cancelling.asked:
                self._cluster.rest()
        finally:
            self._ledger.release()
