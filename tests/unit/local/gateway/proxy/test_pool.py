"""Who gets a connection, and when: in the order of asking, whatever becomes of connections."""

from collections import Counter

import pytest
from proxy_world import World, query

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.mysql.packets import ServerFault


def asking(world, count):
    """Return as many clients, each of which has asked something, in this order."""
    clients = [world.client(number) for number in range(1, count + 1)]
    for client in clients:
        client.from_client(query(b"SELECT 1"))
    return clients


def answered(world, clients):
    """Let the servers answer; return whose answers came in which order."""
    order = []
    while len(order) < len(clients):
        (server,) = world.servers.values()
        (database,) = world.servers
        server.feed(bytes(database.session.to_server))
        database.session.to_server.clear()
        out, server.out = bytes(server.out), bytearray()
        database.from_server(out)
        order += [one.number for one in clients if one.to_client and one.number not in order]
    return order


def test_who_waits_keeps_the_place_when_connections_are_lost_in_a_failover():
    world = World(most=6)
    clients = asking(world, 6)

    world.pool.follow()
    for database in list(world.pool.everything):
        world.pool.discard(database)
    assert [one.number for one in world.pool.waiting] == [1, 2, 3, 4, 5, 6]
    world.pool.most = 1
    world.pool.follow(Instance(id="instance-2", writer=True))

    assert answered(world, clients) == [1, 2, 3, 4, 5, 6]


def test_who_asks_later_does_not_overtake_who_waits_for_a_new_connection():
    world = World(most=2)
    first, second, third = (world.client(number) for number in (1, 2, 3))
    first.from_client(query(b"BEGIN"))
    world.settle()
    second.from_client(query(b"SELECT 'second'"))  # a connection is being made
    used = first.database
    first.from_client(query(b"COMMIT"))
    server = world.servers[used]
    server.feed(bytes(used.session.to_server))
    used.session.to_server.clear()
    out, server.out = bytes(server.out), bytearray()
    used.from_server(out)

    assert second.database is used  # which came back before the new one was there
    third.from_client(query(b"SELECT 'third'"))
    assert third.database is None
    world.settle()
    assert (third.database, third.waiting) == (None, False)  # served by the new one


def test_no_more_connections_are_made_than_somebody_waits_for():
    world = World(most=9)
    asking(world, 3)
    for _ in range(3):
        world.pool.pump()

    assert len(world.pool.everything) == 3


def test_who_has_left_is_not_served():
    world = World(most=1)
    first, second = asking(world, 2)
    first.leave()

    assert answered(world, [second]) == [2]
    assert len(world.servers) == 1


@pytest.mark.parametrize("fault", [None, ServerFault(1045, "28000", "Access denied")])
def test_who_asked_first_learns_that_a_connection_was_refused(fault):
    world = World(most=2)
    first, second = asking(world, 2)
    database = next(iter(world.pool.everything))
    database.fault = fault

    world.pool.lost(database)

    assert first.waiting == (fault is None)
    assert second.waiting


def readers(world, count):
    """Let a pool lead to this many instances; return them."""
    # Writers, as the servers here know no transactions that only read.
    found = [Instance(id=f"instance-{number}", writer=True) for number in range(2, count + 2)]
    world.pool.follow(*found)
    return found


def test_clients_are_spread_over_the_readers_and_stay():
    world = World(most=9)
    readers(world, 3)
    clients = asking(world, 6)
    placed = [one.instance for one in clients]
    world.settle()

    assert Counter(one.id for one in placed) == {"instance-2": 2, "instance-3": 2, "instance-4": 2}
    for client in clients:
        client.from_client(query(b"SELECT 2"))
    assert [one.instance for one in clients] == placed


def test_a_new_reader_changes_nothing_for_who_has_one_and_a_lost_one_only_for_its_own():
    world = World(most=9)
    (second, third) = readers(world, 2)
    clients = asking(world, 4)
    world.settle()
    before = [one.instance for one in clients]

    fourth = Instance(id="instance-4", writer=True)
    world.pool.follow(third, fourth)
    for client in clients:
        client.from_client(query(b"SELECT 2"))
    world.settle()

    assert [one.instance for one in clients if one.instance in (third, fourth)] != []
    for was, client in zip(before, clients, strict=True):
        assert client.instance is was if was is third else client.instance is not second
    assert all(one.instance is not second for one in world.pool.everything)


def test_connections_are_counted_for_each_reader_and_a_full_one_stops_nobody_else():
    world = World(most=1)
    readers(world, 2)
    one, two, three = (world.client(number) for number in (1, 2, 3))
    for client in (one, two):
        client.from_client(query(b"BEGIN"))
    world.settle()
    assert one.instance is not two.instance
    three.from_client(query(b"SELECT 1"))  # shares a reader with one of them
    assert three.waiting
    other = two if three.instance is one.instance else one

    other.from_client(query(b"COMMIT"))
    world.settle()
    other.from_client(query(b"SELECT 1"))
    world.settle()

    assert (other.waiting, three.waiting) == (False, True)
    assert len(world.pool.everything) == 2
