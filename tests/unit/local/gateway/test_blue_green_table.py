"""The table by which drivers follow a switchover, and a deployment from its making to its end."""

import asyncio
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway import blue_green
from pytest_rdsfailover.local.gateway.blue_green import (
    CREATE,
    OPEN_WRITES,
    TABLE,
    TOO_LONG,
    Deployments,
    TopologyTable,
)
from pytest_rdsfailover.local.gateway.deployment import MILESTONES
from pytest_rdsfailover.local.gateway.messages import CreateBlueGreen
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.views import AVAILABLE, PROVISIONING
from pytest_rdsfailover.model.errors import GatewayError

GREEN = "-green-abc123"
ROW = (1, "a.test", 3306, "SOURCE", "AVAILABLE", "1.0")


class Server:
    """The real server: keeps what it is told, and refuses where it is to."""

    def __init__(self, counts=(), refuses=""):
        self.told, self.counts, self.refuses = [], [*counts], refuses
        self.opened = self.closed = 0

    def connect(self):
        self.opened += 1
        return self

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        self.closed += 1

    def execute(self, sql, values=None):
        if self.refuses and self.refuses in sql:
            raise RuntimeError("denied")
        self.told.append(sql if values is None else (sql, values))

    def executemany(self, sql, rows):
        self.told.append((sql, [*rows]))

    def fetchone(self):
        return (self.counts.pop(0),)


WRITTEN = [
    "BEGIN", f"DELETE FROM {TABLE}",
    (f"INSERT INTO {TABLE} VALUES (%s, %s, %s, %s, %s, %s)", [ROW]), "COMMIT",
]  # fmt: skip
MADE = [f"DROP TABLE IF EXISTS {TABLE}", CREATE, f"GRANT SELECT ON {TABLE} TO 'a''b'@'%'"]


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda table: table.create([ROW]), [*MADE, *WRITTEN]),
        (lambda table: table.create([]), MADE),
        (lambda table: table.show([ROW]), WRITTEN),
        (lambda table: table.drop(), [f"DROP TABLE IF EXISTS {TABLE}"]),
    ],
    ids=["create", "create empty", "show", "drop"],
)
def test_the_table_is_made_shown_and_dropped_by_these_statements(work, told):
    server = Server()
    asyncio.run(work(TopologyTable(server.connect, "a'b")))
    assert (server.told, server.opened, server.closed) == (told, 1, 1)


def test_a_server_that_refuses_the_table_is_told_of_with_its_reason():
    server = Server(refuses="GRANT")
    with pytest.raises(GatewayError, match=r"rds_topology.*denied.*schema mysql"):
        asyncio.run(TopologyTable(server.connect, "a").create([ROW]))
    assert server.closed == 1


@pytest.mark.parametrize(
    ("counts", "count"), [(["0"], 0), ([2, 0], 0), ([2, 3], 3)]
)  # once more, because a server tells what was so a moment ago
def test_open_writes_are_counted_again_before_they_are_believed(monkeypatch, counts, count):
    monkeypatch.setattr(blue_green, "REMEMBERED", 0.0)
    server = Server(counts)
    assert asyncio.run(TopologyTable(server.connect, "a").open_writes(12)) == count
    assert server.told == [(OPEN_WRITES, (12,))] * len(counts)
    assert server.closed == len(counts)


def test_a_server_that_does_not_tell_open_writes_is_an_error():
    with pytest.raises(GatewayError, match="open transactions: denied"):
        asyncio.run(TopologyTable(Server(refuses="SELECT").connect, "a").open_writes(1))


def test_rows_are_shown_one_after_the_other():
    table = TopologyTable(Server().connect, "a")
    assert table._thread._max_workers == 1


# A deployment ------------------------------------------------------------------------------------


class Parts:
    """The gateway, its player, the sessions, and the table, which note what they are asked."""

    def __init__(self, refuses=()):
        self.router, self.noted, self.refuses = Router(2), [], refuses
        self.playing, self.plays, self.failures, self.deployment = False, ["one", "two"], [], None

    def invite(self, names):
        self.noted.append(("invite", tuple(names)))
        return dict.fromkeys(names, 1)

    def uninvite(self, names):
        self.noted.append(("uninvite", tuple(names)))

    def cut(self, name, how):
        self.noted.append((how, name))

    async def create(self, rows):
        self._table("create", rows)

    async def show(self, rows):
        self._table("show", rows)

    async def drop(self):
        self._table("drop", [])

    def _table(self, what, rows):
        if what in self.refuses:
            raise GatewayError(f"no {what}")
        self.noted.append((what, [row[:5] for row in rows]))

    async def open_writes(self, seconds):
        return seconds % 10

    def deployments(self):
        return Deployments(self, self, self, self)


HOSTS = {"cluster": ("a.test", 1), "cluster" + GREEN: ("b.test", 2)}


def listed(status):
    return [
        (1, "a.test", 1, "BLUE_GREEN_DEPLOYMENT_SOURCE", status),
        (2, "b.test", 2, "BLUE_GREEN_DEPLOYMENT_TARGET", status),
    ]


def created(parts):
    made = parts.deployments()
    made.create(CreateBlueGreen(suffix=GREEN))
    parts.noted.clear()
    return made


async def settled(made):
    await made._work


def test_a_deployment_invites_the_guests_of_both_sides_and_knows_its_scripts():
    parts = Parts()
    made = parts.deployments()
    assert made.view() is None
    ports = made.create(CreateBlueGreen(suffix=GREEN))
    assert set(ports) == set(parts.router.guests)
    assert "cluster" + GREEN in ports
    assert parts.deployment is made
    view = made.view()
    assert (view.suffix, view.status, view.first_play, view.failure) == (GREEN, PROVISIONING, 2, "")
    assert (view.switched, view.renamed, view.removed) == (False, False, False)
    assert (view.writer, view.hosts) == ("instance-1" + GREEN, {})
    assert [one.id for one in view.instances] == ["instance-1" + GREEN, "instance-2" + GREEN]
    with pytest.raises(GatewayError, match="already"):
        made.create(CreateBlueGreen(suffix="-other"))


def test_it_is_available_once_drivers_can_read_of_it():
    async def test():
        parts = Parts()
        made = created(parts)
        made.announce(HOSTS)
        assert (made.view().status, made.view().hosts) == (PROVISIONING, HOSTS)
        await settled(made)
        assert parts.noted == [("create", listed("AVAILABLE"))]
        assert (made.view().status, parts.failures) == (AVAILABLE, [])

    asyncio.run(test())


def test_a_table_that_is_refused_is_a_failure_and_no_configuration():
    async def test():
        parts = Parts(refuses=["create"])
        made = created(parts)
        made.announce(HOSTS)
        await settled(made)
        assert (made.view().status, parts.failures) == ("INVALID_CONFIGURATION", ["no create"])

    asyncio.run(test())


@pytest.mark.parametrize(
    ("action", "failure"), [("initiate", ""), ("freeze", ""), ("roll_back", TOO_LONG)]
)
def test_each_step_is_done_shown_and_named(action, failure):
    async def test():
        parts = Parts()
        made = created(parts)
        made.announce(HOSTS)
        await settled(made)
        parts.noted.clear()
        assert await made.act(action) == MILESTONES[action]
        ((what, rows),) = parts.noted
        assert (what, len(rows)) == ("show", 2)
        assert made.view().failure == failure
        assert parts.router.frozen is (action == "freeze")

    asyncio.run(test())


@pytest.mark.parametrize(
    ("seconds", "why"), [(10, ""), (13, "writes were open on blue for 13 s or longer: 3")]
)
def test_a_guardrail_tells_how_many_writes_are_open(seconds, why):
    made = created(Parts())
    assert asyncio.run(made.held(seconds)) == why
    assert made.view().failure == why


def test_a_deployment_that_is_made_anew_has_not_failed():
    made = created(Parts())
    asyncio.run(made.held(3))
    made._deployment = None
    made.create(CreateBlueGreen(suffix=GREEN))
    assert made.view().failure == ""


def test_what_is_deleted_ends_the_other_side_and_leaves_the_cluster_as_it_was():
    async def test():
        parts = Parts()
        made = created(parts)
        guests = parts.router.guests
        made.delete()
        await settled(made)
        assert parts.noted == [
            ("reset", "instance-1" + GREEN), ("reset", "instance-2" + GREEN), ("uninvite", guests),
            ("drop", []),
        ]  # fmt: skip
        assert (parts.deployment, made.view(), parts.router.twin) == (None, None, None)
        assert parts.router.guests == ()

    asyncio.run(test())


def test_while_a_script_is_played_none_is_made_or_deleted():
    parts = Parts()
    parts.playing = True
    with pytest.raises(GatewayError, match="wait for its end"):
        parts.deployments().create(CreateBlueGreen(suffix=GREEN))
    parts.playing = False
    made = created(parts)
    parts.playing = True
    with pytest.raises(GatewayError, match="wait for its end"):
        made.delete()
    assert (parts.noted, made.view().suffix) == ([], GREEN)


@pytest.mark.parametrize("ask", ["announce", "act", "delete"])
def test_without_a_deployment_nothing_can_be_done_with_it(ask):
    made = Parts().deployments()
    asked = {"announce": lambda: made.announce({}), "delete": made.delete,
             "act": lambda: asyncio.run(made.act("switch"))}  # fmt: skip
    with pytest.raises(GatewayError, match="create one first"):
        asked[ask]()


def test_a_role_has_the_host_and_the_port_that_were_announced():
    made = created(Parts())
    made._hosts = {name: (f"{name}.test", 7) for name in HOSTS}
    rows = made._rows(SimpleNamespace(status="S", roles=lambda: [("cluster", "R")]))
    assert rows == [(1, "cluster.test", 7, "R", "S", "1.0")]
