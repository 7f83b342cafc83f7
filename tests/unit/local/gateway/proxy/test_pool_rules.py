"""The proxy's pool by each of its rules alone; connections and clients are stand-ins."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway.proxy.pool import Pool
from pytest_rdsfailover.mysql.packets import ServerFault

KEY, OTHER = ("app",), ("admin",)


class Instance(SimpleNamespace):
    """An instance of a cluster, with so much room for connections."""

    def __init__(self, name, room=99):
        super().__init__(id=name, has_room=lambda size: size < room)

    __hash__ = object.__hash__
    __eq__ = object.__eq__


class Database:
    """A connection that remembers what became of it."""

    fault = client = schema = None
    dirty, usable = False, True

    def __init__(self, key, instance):
        self.key, self.instance, self.uses, self.resets = key, instance, 0, 0

    def reset(self):
        self.resets += 1


class Client:
    """Somebody who wants a connection."""

    def __init__(self, key=KEY, schema=None):
        self.key, self.schema = key, schema
        self.instance = self.database = self.denied = None

    def lend(self, database):
        self.database = database
        database.client = self

    def deny(self, database):
        self.denied = database


class World:
    """A pool over instances, and all that it has opened and dropped."""

    def __init__(self, *instances, most=9, most_idle=9):
        self.opened, self.dropped = [], []
        self.pool = Pool(self.open, self.dropped.append, most=most, most_idle=most_idle)
        self.one = instances[0] if instances else Instance("one")
        self.pool.follow(*(instances or [self.one]))

    def open(self, key, instance):
        self.opened.append(Database(key, instance))
        return self.opened[-1]

    def asks(self, *clients):
        for client in clients:
            self.pool.borrow(client)
        return clients

    def rested(self, count=1, **options):
        """Return connections that were lent once and came back."""
        clients = self.asks(*(Client(**options) for _ in range(count)))
        made = self.opened[-count:]
        for database in made:
            self.pool.ready(database)
        for client in clients:
            self.back(client)
        return made

    def back(self, client):
        database, client.database = client.database, None
        database.client = None
        self.pool.give_back(database)
        return database


def test_a_client_gets_the_connection_again_that_it_had_unless_somebody_waits():
    world = World()
    first, last = world.rested(2)
    client = Client()
    client.instance = world.one
    world.pool.borrow(client, first)
    assert client.database is first
    other = Client()
    world.pool.borrow(other)
    assert other.database is last
    assert [each.uses for each in (first, last)] == [2, 2]
    assert world.pool.borrowed == 2

    waiting = World(Instance("one", room=1))
    (only,) = waiting.rested()
    (holds,) = waiting.asks(Client())
    (waits,) = waiting.asks(Client())
    waiting.back(holds)
    assert (waits.database, holds.database) == (only, None)


def test_an_idle_connection_of_another_user_or_without_a_way_back_serves_nobody():
    world = World()
    (database,) = world.rested()
    (other,) = world.asks(Client(OTHER))
    assert other.database is None
    database.schema = b"app"  # no session without a database can have it
    (without,) = world.asks(Client())
    assert without.database is None
    (inside,) = world.asks(Client(schema=b"other"))
    assert inside.database is database

    world = World()
    (broken,) = world.rested()
    broken.usable = False
    (client,) = world.asks(Client())
    assert client.database is None


def test_the_idle_connection_that_was_used_last_is_lent_first():
    world = World()
    first, second = world.rested(2)
    assert world.pool.idle == [first, second]
    one, two = world.asks(Client(), Client())
    assert (one.database, two.database) == (second, first)


def test_where_all_is_taken_an_idle_connection_of_another_user_is_given_up():
    world = World(most=2)
    (one,) = world.rested()
    (other,) = world.rested(key=OTHER)
    (holds,) = world.asks(Client(OTHER))
    assert holds.database is other
    world.asks(Client(OTHER))

    assert world.dropped == [one]
    assert len(world.opened) == 3
    (waits,) = world.asks(Client(OTHER))
    assert (len(world.opened), waits.database) == (3, None)


def test_an_instance_without_room_opens_none_though_the_proxy_may():
    world = World(Instance("one", room=1))
    world.asks(Client(), Client())
    assert len(world.opened) == 1


@pytest.mark.parametrize(("most_idle", "kept"), [(0, 0), (1, 1), (2, 2), (5, 3)])
def test_idle_connections_that_are_too_many_are_ended_those_used_longest_ago_first(most_idle, kept):
    world = World(most_idle=most_idle)
    made = world.rested(3)

    assert world.pool.idle == made[3 - kept :]
    assert world.dropped == made[: 3 - kept]
    assert world.pool.everything == set(world.pool.idle)


def test_no_connection_is_ended_for_idling_while_somebody_waits():
    world = World(Instance("one", room=1), most_idle=0)
    (holds, waits) = world.asks(Client(), Client())
    (only,) = world.opened
    world.pool.ready(only)
    world.back(holds)

    assert waits.database is only
    assert world.dropped == []


def test_a_dirty_connection_is_reset_before_it_serves_anybody_unless_its_instance_is_gone():
    world = World()
    (client,) = world.asks(Client())
    (database,) = world.opened
    world.pool.ready(database)
    database.dirty = True
    world.back(client)
    assert (database.resets, world.pool.idle) == (1, [])
    database.dirty = False
    world.pool.ready(database)
    assert world.pool.idle == [database]

    (client,) = world.asks(Client())
    database.dirty = True
    world.pool.follow(Instance("two"))
    world.back(client)
    assert (database.resets, world.dropped) == (1, [database])


def test_connections_to_an_instance_that_is_left_are_ended_and_nobody_is_served_without_one():
    world = World()
    (idle,) = world.rested()
    world.pool.follow()
    (client,) = world.asks(Client())
    assert (world.dropped, client.database, len(world.opened)) == ([idle], None, 1)

    two = Instance("two")
    world.pool.follow(two)
    assert world.opened[-1].instance is client.instance is two
    late = Database(KEY, world.one)
    world.pool.ready(late)  # nobody knows it any more
    world.pool.give_back(late)
    assert world.pool.idle == []


def test_who_leaves_no_longer_waits_and_may_leave_twice():
    world = World(Instance("one", room=0))
    client, other = world.asks(Client(), Client())
    world.pool.leave(client)
    world.pool.leave(client)
    assert list(world.pool.waiting) == [other]


@pytest.mark.parametrize("followed", [True, False])
def test_a_refusal_is_told_to_one_whom_the_connection_would_have_served(followed):
    world = World(most=1)
    stranger, meant = world.asks(Client(OTHER), Client())
    (opening,) = world.opened
    world.pool.most = 2
    world.pool.pump()
    opening = world.opened[-1]
    assert opening.key == KEY
    opening.fault = ServerFault(1045, "28000", "no")
    if not followed:
        world.pool.instances = ()
    world.pool.lost(opening)

    assert (meant.denied is opening, stranger.denied) == (followed, None)
    assert (meant in world.pool.waiting) is not followed


def test_what_was_lost_makes_room_and_is_lost_once():
    world = World(most=1)
    (holds,) = world.asks(Client())
    (only,) = world.opened
    world.pool.ready(only)
    (waits,) = world.asks(Client())
    world.pool.lost(only)
    world.pool.lost(only)
    world.pool.pump()
    assert holds.database is only
    assert len(world.opened) == 2
    world.pool.ready(world.opened[1])
    assert waits.database is world.opened[1]
    world.pool.pump()
    world.asks(Client())
    assert len(world.opened) == 2
