"""Faults of the database itself: no room, no connection left, locks, slow storage, a new password."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pytest_rdsfailover.local.aws_api.passwords import Passwords
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.messages import FaultSettings
from pytest_rdsfailover.local.network import Faults as NetworkFaults
from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError, did_you_mean
from pytest_rdsfailover.mysql import driver


class DatabaseFaults:
    """Faults of a local cluster's database; each is a context manager that ends it.

    Faults of different kinds may overlap. A failover ends `too_many_connections` and `lock_storm` for
    who reaches the new writer, because both are faults of the old one; all others outlast it.
    """

    def __init__(
        self,
        gateway: GatewayClient,
        network: NetworkFaults,
        passwords: Callable[[], Passwords],
        writer: Callable[[], Endpoint],
        replica_lag: float = 0.0,
    ) -> None:
        self._gateway, self._network = gateway, network
        self._passwords, self._writer = passwords, writer
        self._usual, self._settings = FaultSettings(replica_lag=replica_lag), FaultSettings()
        self.mend()
        self.rotated = False  # the application's password is another one now

    @contextlib.contextmanager
    def too_many_connections(self, instance: str | None = None, *, most: int = 0) -> Iterator[None]:
        """Let an instance refuse connections with error 1040 for the block; those that exist stay.

        RDS Proxy queues who needs a further connection, up to its borrow time-out.

        Args:
            instance: its id; None for the writer.
            most: how many connections it has room for: who comes when there are as many is refused.
                Those of its clients count, and for RDS Proxy its own as well.

        Raises:
            SettingError: if there is no such instance, or no such number of connections.
        """
        view = self._gateway.describe()
        crowded, known = instance or view.writer, [member.id for member in view.instances]
        if crowded not in known:
            raise SettingError(
                f"there is no instance {crowded!r}{did_you_mean(crowded, known)} (instances:"
                f" {', '.join(known)})"
            )
        if type(most) is not int or most < 0:
            raise SettingError(f"most={most!r} is not a number of connections; write 0 or more")
        with self._but(crowded={**self._settings.crowded, crowded: most}):
            yield

    @contextlib.contextmanager
    def disk_full(self) -> Iterator[None]:
        """Let the cluster's volume have no room for the block: writes fail with error 1114.

        Reads, temporary tables and COMMIT work. What a procedure writes is not refused.
        """
        with self._but(full=True):
            yield

    @contextlib.contextmanager
    def slow_commits(self, by: str) -> Iterator[None]:
        """Let each commit take longer for the block, as with slow storage.

        Args:
            by: how much longer, for example `200ms`.

        Raises:
            SettingError: if that is no duration.
        """
        with self._but(commit_delay=parse_duration(by)):
            yield

    @contextlib.contextmanager
    def lock_storm(self, table: str) -> Iterator[None]:
        """Lock all rows of a table, and the gaps between them, for the block.

        Who writes to it waits, and fails with error 1205 after `innodb_lock_wait_timeout` (50 s).

        Args:
            table: its name, in the cluster's database.

        Raises:
            pymysql.MySQLError: if the table cannot be locked.
        """
        name = table.replace("`", "``")
        connection = driver.connect(self._writer())
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("BEGIN")
                cursor.execute(f"SELECT COUNT(*) FROM `{name}` FOR UPDATE")  # noqa: S608 - quoted
            yield
        finally:
            driver.close(connection)

    @contextlib.contextmanager
    def secret_rotation(self) -> Iterator[None]:
        """Give the application's account another password for the block, as a rotated secret does.

        The old one opens it no more (1045); connections that exist go on. Endpoints that are asked for
        meanwhile have the new one, and so has the secret in the AWS API.

        Raises:
            ServerError: if the server refuses it.
            GatewayError: if RDS Proxy cannot be told.
        """
        passwords = self._passwords()
        passwords.rotate()
        self.rotated = True
        try:
            yield
        finally:
            passwords.undo()
            self.rotated = False

    @contextlib.contextmanager
    def zone_cut(self, endpoint: Endpoint, share: float = 0.5) -> Iterator[None]:
        """Cut a share of an endpoint's clients off for the block, as a cut between zones does.

        What they send arrives nowhere, and they are told nothing; when the block ends, their
        connections do. Which connections these are is decided by chance, for each of them.

        Args:
            endpoint: whose clients.
            share: how many of them, above 0 and up to 1.

        Raises:
            SettingError: if that is no such share, or no endpoint.
            ToxiproxyError: if the network does not do it.
        """
        if type(share) not in (int, float) or not 0 < share <= 1:
            raise SettingError(f"a share is above 0 and up to 1, not {share!r}")
        if not isinstance(endpoint, Endpoint):
            raise SettingError(
                f"zone_cut takes an endpoint, as rds_cluster.writer_endpoint, not {endpoint!r}"
            )
        with self._network.toxic(endpoint, "timeout", timeout=0, stream="upstream", toxicity=share):
            yield

    def reader_lag(self, lag: str) -> None:
        """Let readers show commits only after so long, until the test ends or it is set anew.

        Args:
            lag: how long, for example `200ms`; `0s` for no lag.

        Raises:
            SettingError: if that is no duration.
            GatewayError: if the server does not let readers lag.
        """
        self._set(replace(self._settings, replica_lag=parse_duration(lag)))

    def write_forwarding(self, *, enabled: bool = True) -> None:
        """Let readers forward writes, until the test ends or it is set anew.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        self._gateway.forward_writes(wanted=enabled)

    def mend(self) -> None:
        """End what a test has left behind."""
        if self._gateway.describe().forwarding:
            self.write_forwarding(enabled=False)
        if self._settings != self._usual:
            self._set(self._usual)

    @contextlib.contextmanager
    def _but(self, **changes: Any) -> Iterator[None]:
        before = {name: getattr(self._settings, name) for name in changes}
        self._set(replace(self._settings, **changes))
        try:
            yield
        finally:
            self._set(replace(self._settings, **before))

    def _set(self, settings: FaultSettings) -> None:
        self._gateway.set_faults(settings)
        self._settings = settings
