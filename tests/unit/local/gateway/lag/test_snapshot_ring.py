"""Which snapshot answers, how old it is, and what becomes of those that are not needed."""

import pytest
from snapshot_servers import NO_ROWS, Reader, SnapshotServer

from pytest_rdsfailover.local.gateway.lag.reads import Read
from pytest_rdsfailover.local.gateway.lag.ring import PATIENCE, WIDEST, SnapshotRing
from pytest_rdsfailover.mysql.packets import ProtocolError, ServerFault, error_packet

LAG = 0.3
SELECT = b"SELECT v FROM t"


class Clock:
    """A clock that is set."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Ring:
    """A ring of snapshots at servers that answer when they are told to."""

    def __init__(self):
        self.clock, self.servers = Clock(), []
        self.ring = SnapshotRing(self._open, self.clock, LAG)
        self.reader = Reader()

    def _open(self):
        self.servers.append(SnapshotServer(self.ring.ready, self.clock))
        return self.servers[-1].snapshot

    def tick(self):
        """Let a third of the lag pass, and a snapshot be taken."""
        self.ring.tick()
        for server in self.servers:
            if not server.snapshot.since:
                server.begin()
        self.clock.now += LAG / 3

    def read(self, **options):
        read = Read(
            message=b"\x03" + SELECT, schema=b"app", state={b"sql_mode": b"ANSI"}, client=self.reader,
            asked=self.clock(), **options,
        )  # fmt: skip
        self.ring.read(read)
        return read

    def finish(self, read):
        """Let its snapshot answer a read, and end the locks of what it has read."""
        (server,) = [server for server in self.servers if server.snapshot is read.snapshot]
        while server.asked[0] != SELECT:
            server.answer()
        server.answer(*NO_ROWS)
        return server.answer()


@pytest.fixture
def ring():
    return Ring()


def age(ring, read):
    return ring.clock() - read.snapshot.since


def test_a_read_is_answered_by_the_newest_snapshot_that_is_as_old_as_the_lag(ring):
    for _ in range(20):
        ring.tick()
        read = ring.read()
        ring.finish(read)
    assert LAG <= age(ring, read) + 1e-6 <= LAG + LAG / 3 + 2e-6
    assert ring.reader.answers[-1] == NO_ROWS


def test_before_there_is_one_so_old_the_oldest_answers(ring):
    ring.tick()
    ring.tick()
    read = ring.read()
    assert read.snapshot is ring.servers[0].snapshot


def test_what_a_read_has_locked_is_let_go_at_once(ring):
    ring.tick()
    assert ring.finish(ring.read()).startswith(b"ROLLBACK TO SAVEPOINT")


def test_a_read_waits_for_a_snapshot_that_is_busy_and_no_longer_than_for_the_next(ring):
    for _ in range(6):
        ring.tick()
    first, second = ring.read(), ring.read()
    assert second.snapshot is None
    ring.tick()
    ring.ring.serve()
    assert second.snapshot is not first.snapshot


def test_reads_that_wait_widen_the_ring_up_to_a_bound(ring):
    for _ in range(6):
        ring.tick()
    before = len(ring.servers)
    for _ in range(50):
        ring.read()
    ring.ring.tick()
    assert 0 < len(ring.servers) - before <= WIDEST


def test_an_idle_ring_keeps_a_handful_of_sessions(ring):
    for _ in range(50):
        ring.tick()
    assert len(ring.servers) <= 8


def test_the_snapshot_of_a_transaction_is_not_renewed(ring):
    ring.tick()
    read = ring.read()
    ring.finish(read)
    read.snapshot.holders += 1
    since = read.snapshot.since
    for _ in range(10):
        ring.tick()
    assert read.snapshot.since == since
    again = ring.read(snapshot=read.snapshot)
    ring.finish(again)
    assert again.snapshot is read.snapshot


def test_who_has_seen_a_moment_sees_none_before_it(ring):
    for _ in range(6):
        ring.tick()
    read = ring.read(after=ring.clock() - LAG / 3)
    assert read.snapshot is None
    for _ in range(4):
        ring.tick()
        ring.ring.serve()
    assert read.snapshot.since >= read.after


def test_a_read_is_given_back_if_its_snapshot_is_lost_or_none_can_be_had(ring):
    ring.tick()
    ring.read()
    ring.servers[0].end()
    assert ring.reader.answers == [[]]
    ring.read()
    ring.clock.now += PATIENCE
    ring.ring.tick()
    assert ring.reader.answers == [[], []]


def test_a_read_that_nobody_waits_for_is_not_begun(ring):
    read = ring.read()
    read.dropped = True
    ring.tick()
    assert read.snapshot is None
    assert ring.servers[0].asked == []


def test_at_the_end_a_snapshot_that_answers_goes_on_and_ends_then(ring):
    for _ in range(2):
        ring.tick()
    read = ring.read()
    ring.ring.end()
    assert [server.ended for server in ring.servers] == [False, True]
    ring.finish(read)
    assert ring.reader.answers == [NO_ROWS]
    assert ring.servers[0].ended


def test_a_server_that_refuses_a_snapshot_ends_it(ring):
    ring.ring.tick()
    (server,) = ring.servers
    with pytest.raises(ProtocolError, match="1045"):
        server.answer(error_packet(ServerFault(1045, "28000", "no")))
