"""What a session knows once a command is over, and what becomes of its connection then."""

import asyncio

import pytest
from gateway_sockets import BOUND, in_proxy, until
from proxy_world import World, query
from test_proxy_session import told

from pytest_rdsfailover.mysql.packets import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    STATUS_IN_TRANS_READONLY,
    STATUS_MORE_RESULTS,
    frame,
)
from pytest_rdsfailover.mysql.responses import Command

INSERT_ID = b"SELECT LAST_INSERT_ID()"


def done(world, session, sql):
    """Let a session do something; return what its server was asked meanwhile."""
    before = {server: len(server.seen) for server in world.servers.values()}
    session.from_client(query(sql))
    world.settle()
    told(session)
    return [
        sql for server in world.servers.values() for sql in server.seen[before.get(server, 0) :]
    ]


def test_what_is_no_statement_leaves_no_row_count():
    world = World()
    session = world.client(1)
    done(world, session, b"INSERT INTO t VALUES (1)")
    session._aftermath.row_count, session._aftermath.warned = 5, True
    session.from_client(frame(bytes((Command.STATISTICS,)), 0))
    world.settle()

    assert (session._aftermath.row_count, session._aftermath.warned) == (0, False)


@pytest.mark.parametrize("pinned", [False, True])
def test_who_keeps_its_connection_need_not_be_asked_for_its_insert_id(pinned):
    world = World()
    session = world.client(1)
    if pinned:
        done(world, session, b"SET @a = 1")
    asked = done(world, session, b"DO LAST_INSERT_ID(5)")

    assert (INSERT_ID in asked) is not pinned


def test_a_read_only_transaction_that_a_set_autocommit_ends_leaves_a_connection_that_is_reset():
    world = World()
    session = world.client(1)
    done(world, session, b"BEGIN")
    ((database, server),) = world.servers.items()
    session._status |= STATUS_IN_TRANS_READONLY
    server.status &= ~STATUS_IN_TRANS
    asked = done(world, session, b"SET autocommit = 1")

    assert b"" in asked  # COM_RESET_CONNECTION
    assert not database.dirty


@pytest.mark.parametrize(
    ("autocommit", "sql", "saved"),
    [
        (False, b"SELECT 1", True),
        (False, b"COMMIT", False),
        (False, b"ROLLBACK TO SAVEPOINT a", True),
        (False, b"ROLLBACK", False),
        (True, b"SELECT 1", False),  # nothing is saved outside a transaction
    ],
)
def test_a_savepoint_keeps_a_connection_until_its_transaction_ends(autocommit, sql, saved):
    world = World()
    session = world.client(1)
    done(world, session, b"SELECT 1")
    (server,) = world.servers.values()
    if not autocommit:
        session._status = server.status = 0
    done(world, session, b"SAVEPOINT a")
    assert session.in_transaction is not autocommit
    done(world, session, sql)

    assert session.in_transaction is saved


def test_an_option_is_answered_with_the_flags_of_the_session_and_no_others():
    session = World().client(1)
    session._status = STATUS_MORE_RESULTS | STATUS_AUTOCOMMIT
    session.from_client(frame(bytes((Command.SET_OPTION, 0, 0)), 0))

    (answer,) = told(session)
    assert int.from_bytes(answer.payload[3:5], "little") == STATUS_AUTOCOMMIT


def test_a_server_that_breaks_the_protocol_ends_its_connection():
    async def test(house):
        client = await house.client()
        await client.select(b"SELECT 1")
        house.connections[0].transport.write(b"\x01\0\0\0\x05")  # nobody has asked anything
        await asyncio.wait_for(house.connections[0].ended.wait(), BOUND)
        await until(lambda: house.counts == (0, 0, 0))
        assert await client.select(b"SELECT 2") == b"SELECT 2"

    in_proxy(test)


def test_a_client_that_takes_nothing_for_a_while_is_served_when_it_does():
    async def test(house):
        client = await house.client()
        link = house.endpoint._clients[next(iter(house.endpoint._clients))]
        link.pause_writing()
        client.write(query(b"SELECT 1"))
        await until(lambda: link.session.ahead or link.session._queue)
        assert (link.full, link.session.full, link.session.message) == (True, True, b"")
        link.resume_writing()
        assert (await client.packets(5))[3].payload[1:] == b"SELECT 1"
        assert (link.full, link.session.full) == (False, False)

    in_proxy(test)
