"""The gateway's blue/green deployment, and the table by which drivers follow its switchover."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pytest_rdsfailover.local.gateway.actors import SessionCutter
from pytest_rdsfailover.local.gateway.deployment import MILESTONES, Deployment
from pytest_rdsfailover.local.gateway.messages import CreateBlueGreen
from pytest_rdsfailover.local.gateway.player import Player
from pytest_rdsfailover.local.gateway.server import Gateway
from pytest_rdsfailover.local.gateway.views import AVAILABLE, PROVISIONING, DeploymentView
from pytest_rdsfailover.model.errors import GatewayError

VERSION = "1.0"
TOO_LONG = "it would have taken longer than its time-out"
TABLE = "mysql.rds_topology"
CREATE = f"""
CREATE TABLE {TABLE} (
  id INT NOT NULL PRIMARY KEY, endpoint VARCHAR(255) NOT NULL, port INT NOT NULL,
  role VARCHAR(64) NOT NULL, status VARCHAR(64) NOT NULL, version VARCHAR(16) NOT NULL
) ENGINE=InnoDB
"""
OPEN_WRITES = """
SELECT COUNT(*) FROM information_schema.innodb_trx
WHERE trx_rows_modified > 0 AND TIMESTAMPDIFF(SECOND, trx_started, NOW()) >= %s
"""
REMEMBERED = 0.15  # seconds; for 0.1 s a server answers with its last look at transactions
Row = tuple[int, str, int, str, str, str]


class TopologyTable:
    """The table `mysql.rds_topology` of the real server, which both environments show.

    Args:
        connect: opens a connection of the server's administrator.
        reader: the account that may read it, beside administrators.
    """

    def __init__(self, connect: Callable[[], Any], reader: str) -> None:
        self._connect, self._reader = connect, reader
        self._thread = ThreadPoolExecutor(1, "topology")  # what it is to show is shown in order

    async def create(self, rows: Sequence[Row]) -> None:
        """Make the table.

        Raises:
            GatewayError: if the server refuses.
        """
        user = self._reader.replace("'", "''")
        await self._run(
            f"DROP TABLE IF EXISTS {TABLE}", CREATE, f"GRANT SELECT ON {TABLE} TO '{user}'@'%'",
            rows=rows,
        )  # fmt: skip

    async def show(self, rows: Sequence[Row]) -> None:
        """Have other rows in it, all at once.

        Raises:
            GatewayError: if the server refuses.
        """
        await self._run(rows=rows)

    async def open_writes(self, seconds: int) -> int:
        """Return how many transactions have changed rows and been open for at least so many seconds.

        Raises:
            GatewayError: if the server refuses.
        """
        loop = asyncio.get_running_loop()
        count = await loop.run_in_executor(self._thread, self._count, seconds)
        if count:  # perhaps not any more: the server tells what was so when somebody last asked
            await asyncio.sleep(REMEMBERED)
            count = await loop.run_in_executor(self._thread, self._count, seconds)
        return count

    def _count(self, seconds: int) -> int:
        try:
            with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
                cursor.execute(OPEN_WRITES, (seconds,))
                (count,) = cursor.fetchone()
                return int(count)
        except Exception as error:
            raise GatewayError(
                f"the server does not tell its open transactions: {error}"
            ) from error

    async def drop(self) -> None:
        """Remove the table.

        Raises:
            GatewayError: if the server refuses.
        """
        await self._run(f"DROP TABLE IF EXISTS {TABLE}")

    async def _run(self, *statements: str, rows: Sequence[Row] = ()) -> None:
        await asyncio.get_running_loop().run_in_executor(
            self._thread, self._carry_out, statements, rows
        )

    def _carry_out(self, statements: Sequence[str], rows: Sequence[Row]) -> None:
        try:
            connection = self._connect()
            try:
                with connection.cursor() as cursor:
                    for statement in statements:
                        cursor.execute(statement)
                    if rows:
                        cursor.execute("BEGIN")
                        cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608 - no values
                        cursor.executemany(
                            f"INSERT INTO {TABLE} VALUES (%s, %s, %s, %s, %s, %s)",  # noqa: S608
                            rows,
                        )
                        cursor.execute("COMMIT")
            finally:
                connection.close()
        except Exception as error:
            raise GatewayError(
                f"the server refused the table {TABLE} of blue/green deployments: {error}; its"
                " administrator must be allowed to create tables in the schema mysql"
            ) from error


class Deployments:
    """The blue/green deployment of a cluster, one at a time.

    Args:
        gateway: listens for clients of the second environment.
        player: plays switchovers.
        sessions: the clients' sessions.
        table: tells drivers of it.
    """

    def __init__(
        self, gateway: Gateway, player: Player, sessions: SessionCutter, table: TopologyTable
    ) -> None:
        self._gateway, self._player, self._sessions = gateway, player, sessions
        self._table = table
        self._deployment: Deployment | None = None
        self._hosts: dict[str, tuple[str, int]] = {}
        self._work: asyncio.Task[None] | None = None
        self._first_play = 0  # how many scripts there were when it was made
        self._failure = ""  # why the last switchover did not happen

    def create(self, wanted: CreateBlueGreen) -> dict[str, int]:
        """Have a green twin of the cluster; return the ports of its endpoints.

        Raises:
            GatewayError: if there is one, or a script is being played.
        """
        if self._deployment is not None:
            raise GatewayError(
                "there is a blue/green deployment already, or what one has left: delete it first"
            )
        self._be_at_rest()
        self._first_play, self._failure = len(self._player.plays), ""
        self._deployment = Deployment(self._gateway.router, wanted.suffix)
        self._player.deployment = self
        return self._gateway.invite(self._gateway.router.guests)

    def announce(self, hosts: dict[str, tuple[str, int]]) -> None:
        """Tell drivers of the deployment, under these hosts and ports; it is available then.

        Raises:
            GatewayError: if there is none.
        """
        deployment = self._existing()
        self._hosts = hosts
        self._begin(self._make_available(deployment))

    async def _make_available(self, deployment: Deployment) -> None:
        deployment.status = AVAILABLE
        try:
            await self._table.create(self._rows(deployment))
        except GatewayError:
            deployment.status = "INVALID_CONFIGURATION"
            raise

    async def act(self, action: str) -> str:
        """Do what a step of a switchover says, and tell drivers; return the milestone."""
        deployment = self._existing()
        deployment.do(action)
        self._failure = TOO_LONG if action == "roll_back" else ""
        await self._table.show(self._rows(deployment))
        return MILESTONES[action]

    async def held(self, seconds: int) -> str:
        """Return which guardrail fails if writes may have been open for so long; empty for none.

        Raises:
            GatewayError: if the server cannot be asked.
        """
        count = await self._table.open_writes(seconds)
        held = f"writes were open on blue for {seconds} s or longer: {count}" if count else ""
        self._failure = held
        return held

    def delete(self) -> None:
        """Have only the cluster, as it is now.

        Raises:
            GatewayError: if there is no deployment, or its switchover is being played.
        """
        deployment = self._existing()
        self._be_at_rest()
        for name in deployment.other.instances:
            self._sessions.cut(name, "reset")
        self._gateway.uninvite(self._gateway.router.guests)
        deployment.end()
        self._deployment = self._player.deployment = None
        self._begin(self._table.drop())

    def view(self) -> DeploymentView | None:
        """Return how it is now; None without any."""
        deployment = self._deployment
        if deployment is None:
            return None
        ready = self._work is None or self._work.done()
        return DeploymentView(
            suffix=deployment.suffix,
            status=deployment.status if ready else PROVISIONING,
            switched=deployment.switched,
            renamed=deployment.renamed,
            removed=deployment.removed,
            writer=deployment.other.writer,
            instances=deployment.other.views(),
            hosts=self._hosts,
            first_play=self._first_play,
            failure=self._failure,
        )

    def _existing(self) -> Deployment:
        if self._deployment is None:
            raise GatewayError("there is no blue/green deployment; create one first")
        return self._deployment

    def _be_at_rest(self) -> None:
        if self._player.playing:
            raise GatewayError("a script is being played; wait for its end")

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = asyncio.get_running_loop().create_task(self._noting(work))

    async def _noting(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except GatewayError as error:
            self._player.failures.append(str(error))

    def _rows(self, deployment: Deployment) -> list[Row]:
        return [
            (number, *self._hosts[endpoint], role, deployment.status, VERSION)
            for number, (endpoint, role) in enumerate(deployment.roles(), 1)
        ]
