import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from proxy_world import PASSWORD, World, login, query

from pytest_rdsfailover.local.gateway.proxy.session import ProxySession
from pytest_rdsfailover.mysql.packets import (
    PacketReader,
    ProtocolError,
    ServerFault,
    error_packet,
    frame,
    ok_packet,
    parse_error,
)
from pytest_rdsfailover.mysql.responses import Command

MANY = settings(max_examples=3 * settings().max_examples)
COMMANDS = st.binary(min_size=0, max_size=60) | st.builds(
    lambda command, rest: bytes((command,)) + rest,
    st.sampled_from(list(Command)), st.binary(max_size=60),
)  # fmt: skip


def told(session):
    packets = PacketReader().feed(bytes(session.to_client))
    session.to_client.clear()
    return packets


def test_the_greeting_comes_first_and_offers_no_compression():
    session = ProxySession(World(), 7)
    session.greet()

    (packet,) = told(session)
    assert packet.sequence == 0
    assert packet.payload[1:].startswith(b"8.0.0\0\7\0\0\0")


def test_a_wrong_password_is_1045_and_the_end():
    session = ProxySession(World(), 1)
    session.greet()
    told(session)

    session.from_client(frame(login(b"x" * 20), 1))

    (packet,) = told(session)
    assert parse_error(packet.payload).code == 1045
    assert packet.sequence == 2
    assert session.closing


@given(data=st.binary(max_size=400), chunk=st.integers(1, 50))
@MANY
def test_no_bytes_before_the_login_do_more_than_end_their_session(data, chunk):
    session = ProxySession(World(), 1)
    session.greet()
    with_error(session.from_client, data, chunk)
    assert session.user == ""


@pytest.mark.parametrize(
    ("encrypted", "password", "code"),
    [(True, PASSWORD, None), (True, b"wrong", 1045), (False, PASSWORD, None)],
)
def test_a_password_as_it_is_is_taken_over_tls_only(encrypted, password, code):
    session = ProxySession(World(), 1)
    session.greet()
    told(session)
    session.opening.encrypted = encrypted

    session.from_client(frame(login(b"", password=password, clear=True), 1))

    (packet,) = told(session)
    if not encrypted:
        assert packet.payload.startswith(b"\xfe")  # prove it by another method
        assert session.opening.going
    elif code is None:
        assert (packet.payload[0], session.user) == (0, "app")
    else:
        assert parse_error(packet.payload).code == code


def test_nobody_may_fill_the_memory_before_the_login():
    session = ProxySession(World(), 1)
    session.greet()

    with pytest.raises(ProtocolError, match="that many bytes"):
        session.from_client(b"\xff" * 5)


def test_who_is_refused_by_the_server_waits_no_more():
    world, left = World(), []
    world.leave = lambda session: left.append(session.number)
    session = world.client(1)
    session.from_client(query(b"SELECT 1"))
    (database,) = world.servers

    database.fault = ServerFault(1045, "28000", "Access denied")
    world.pool.lost(database)

    (packet,) = told(session)
    assert parse_error(packet.payload).code == 1045
    assert left == [1]  # or the time-out of this wait would end a later one
    assert not session.waiting


def test_a_login_that_the_proxy_cannot_do_is_told_to_who_waits_for_it():
    world = World()
    session = world.client(1)
    session.from_client(query(b"SELECT 1"))
    ((database, server),) = world.servers.items()
    database.from_server(bytes(server.out))
    database.from_server(frame(b"\xfesha256_password\0" + b"s" * 20 + b"\0", 2))
    world.pool.lost(database)  # as its socket does when there is a fault

    (refused,) = told(session)
    fault = parse_error(refused.payload)
    assert fault.text == "RDS Proxy cannot log in: the server wants 'sha256_password'"
    assert fault.code == 1105


def test_an_answer_counts_on_from_its_command():
    world = World()
    session = world.client(1)

    session.from_client(frame(bytes((Command.QUERY,)) + b"SELECT 1", 250))
    world.settle()

    assert [packet.sequence for packet in told(session)] == [251, 252, 253, 254, 255]


@given(messages=st.lists(COMMANDS, max_size=12), chunk=st.integers(1, 60))
@example(messages=[b"\x03LAST_INSERT_ID"], chunk=60)
@MANY
def test_no_commands_do_more_than_end_their_session(messages, chunk):
    world = World()
    session, healthy = world.client(1), world.client(2)
    data = b"".join(frame(message, 0) for message in messages)

    if not with_error(session.from_client, data, chunk, world):
        session.leave()
    world.settle()

    healthy.from_client(query(b"SELECT 'healthy'"))
    world.settle()
    packets = told(healthy)
    assert b"SELECT 'healthy'" in packets[3].payload


def with_error(feed, data, chunk, world=None):
    """Feed bytes in chunks; tell whether the protocol was kept. No other error is allowed."""
    try:
        for at in range(0, len(data), chunk):
            feed(data[at : at + chunk])
            if world is not None:
                world.settle()
    except ProtocolError:
        return False
    return True


# Garbage, and answers that go on after their end: with packets, or with a part of one.
SERVER_BYTES = st.binary(max_size=300) | st.builds(
    lambda answer, more: frame(answer, 1) + more,
    st.sampled_from([ok_packet(2), error_packet(ServerFault(1064, "42000", "no"))]),
    st.binary(max_size=9),
)


@given(data=SERVER_BYTES, chunk=st.integers(1, 50), steps=st.integers(0, 3))
@example(data=frame(ok_packet(2), 1) + b"xy", chunk=50, steps=3)
@MANY
def test_no_server_bytes_do_more_than_end_their_connection(data, chunk, steps):
    world = World(most=3)
    busy, other, third = (world.client(number) for number in (1, 2, 3))
    busy.from_client(query(b"BEGIN"))
    world.settle()
    other.from_client(query(b"SELECT 1"))
    mine = busy.database
    broken = next(database for database in world.servers if database is not mine)
    for _ in range(steps):
        server = world.servers[broken]
        if broken.session.to_server:
            server.feed(bytes(broken.session.to_server))
            broken.session.to_server.clear()
        out, server.out = bytes(server.out), bytearray()
        broken.from_server(out)
    ended = not with_error(broken.from_server, data, chunk) or broken.fault is not None
    if ended:
        other.database = None
        world.pool.lost(broken)
    world.drop(broken)  # it says nothing more
    told(busy)

    # Who cannot know that it is broken may be given it.
    for client in (busy, third) if ended or broken.session.leftover else (busy,):
        client.from_client(query(b"SELECT 'mine %d'" % client.number))
        world.settle()
        packets = told(client)
        assert [packet.sequence for packet in packets] == [1, 2, 3, 4, 5]
        assert b"SELECT 'mine %d'" % client.number in packets[3].payload


STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([b"SELECT '%d-%d'", b"BEGIN", b"COMMIT", b"SET time_zone = '+0%d:00'",
                         b"SET @a = %d", b"settle"]),
    ),
    max_size=40,
)  # fmt: skip


@given(steps=STEPS, chunk=st.integers(1, 200))
@MANY
def test_every_client_gets_the_answers_to_its_own_questions_in_order(steps, chunk):
    world = World(most=5)
    clients = [world.client(number) for number in range(4)]
    zones = [None] * 4
    asked = [[] for _ in clients]
    for count, (number, step) in enumerate(steps):
        if step == b"settle":
            world.settle(chunk)
            continue
        sql = step
        if step.startswith(b"SELECT"):
            sql = step % (number, count)
            asked[number].append((sql, zones[number]))
        elif b"%d" in step:
            sql = step % number
            zones[number] = b"+0%d:00" % number if b"zone" in sql else zones[number]
        clients[number].from_client(query(sql))
    world.settle(chunk)

    for client, questions in zip(clients, asked, strict=True):
        got = [p.payload[1:] for p in told(client) if b"SELECT" in p.payload]
        assert got == [sql for sql, _ in questions]
    wanted = {sql: zone or b"SYSTEM" for questions in asked for sql, zone in questions}
    assert [one for server in world.servers.values() for one in strangers(server, wanted)] == []


def strangers(server, wanted):
    """Yield the questions that a server was asked in another time zone than their client's."""
    for sql, zone in zip(server.seen, server.zones, strict=True):
        if wanted.get(sql, zone) != zone:
            yield sql, zone


def test_ten_thousand_commands_sent_ahead_need_no_deep_stack():
    world = World()
    session = world.client(1)

    session.from_client(frame(bytes((Command.STMT_CLOSE, 1, 0, 0, 0)), 0) * 10_000)
    session.from_client(frame(bytes((Command.PING,)), 0))

    assert len(told(session)) == 1


def test_a_client_that_cannot_take_more_is_answered_later_and_read_no_more_if_it_is_ahead():
    session = World().client(1)
    session.full = True

    for _ in range(10_000):
        session.from_client(frame(bytes((Command.PING,)), 0))

    assert told(session) == []
    assert session.ahead
    session.full = False
    session.next_command()
    assert len(told(session)) == 10_000
    assert not session.ahead


def test_a_ping_needs_no_database_connection():
    world = World(most=1)
    session = world.client(1)

    session.from_client(frame(bytes((Command.PING,)), 0))

    assert [packet.payload[0] for packet in told(session)] == [0]
    assert not world.servers


@pytest.mark.parametrize("command", [0x08, 0x0D, 0x55])
def test_what_the_proxy_does_not_know_goes_to_no_server(command):
    world = World()
    session = world.client(1)

    session.from_client(frame(bytes((command,)), 0))

    assert parse_error(told(session)[0].payload).code == 1047
    assert not world.servers


def test_no_password_is_in_a_repr():
    world = World()
    session = world.client(1)
    session.from_client(query(b"SELECT 1"))
    texts = [repr(one) for one in (session, session.opening.login, *world.servers, world.directory)]
    texts += [repr(one.setup) for one in world.servers]
    assert not any(PASSWORD.decode() in text for text in texts)
