"""One snapshot: how it logs in, what it sends in which order, and in which pieces it passes answers on."""

from snapshot_servers import NO_ROWS, Reader, SnapshotServer

from pytest_rdsfailover.local.gateway.lag.reads import Read
from pytest_rdsfailover.local.gateway.lag.snapshot import ENOUGH
from pytest_rdsfailover.mysql.packets import eof_packet

SELECT = b"SELECT v FROM t"


class Clock:
    now = 5.0

    def __call__(self):
        return self.now


def begun():
    ready = []
    server = SnapshotServer(ready.append, Clock())
    texts = server.begin()
    return server, ready, texts


def reading(server, reader, schema=b"app", state=None, message=SELECT):
    read = Read(
        message=b"\x03" + message, schema=schema, state=state or {b"sql_mode": b"ANSI"}, client=reader,
        asked=0.0,
    )  # fmt: skip
    server.snapshot.answer(read)
    return read


def test_a_login_goes_on_with_the_next_number_and_each_command_begins_anew():
    server, _, texts = begun()

    assert server.numbers == [1] + [0] * len(texts)


def test_it_is_ready_once_when_it_shows_the_present():
    server = SnapshotServer(lambda _: None, Clock())
    assert not server.snapshot.idle
    server.begin()
    assert (server.snapshot.idle, server.snapshot.since) == (True, 5.0)
    _, ready, _ = begun()
    assert len(ready) == 1


def test_a_state_is_set_where_it_differs_and_is_known_then():
    server, _, _ = begun()
    reader = Reader()
    sent = []
    for schema, mode in [
        (b"app", b"ANSI"),
        (b"app", b"ANSI"),
        (b"other", b"ANSI"),
        (b"other", b""),
    ]:
        reading(server, reader, schema, {b"sql_mode": mode})
        while server.asked:
            rows = server.asked[0] == SELECT
            sent.append(server.answer(*NO_ROWS) if rows else server.answer())

    back = sent[2]
    assert sent == [
        b"USE `app`", SELECT, back,
        SELECT, back,
        b"USE `other`", SELECT, back,
        b"SET sql_mode = ''", SELECT, back,
    ]  # fmt: skip
    assert reader.answers == [NO_ROWS] * 4


def test_a_long_answer_is_passed_on_in_pieces_of_more_than_enough():
    server, _, _ = begun()
    reader = Reader()
    reading(server, reader)
    while server.asked[0] != SELECT:
        server.answer()
    row, end = b"\xfd" + (ENOUGH // 2).to_bytes(3, "little") + b"x" * (ENOUGH // 2), eof_packet(2)
    head = NO_ROWS[:3]
    server.answer(*head, *[row] * 5, end)

    assert [len(piece) for piece in reader.answers] == [len(head) + 2, 2, 2]
    assert [part for piece in reader.answers for part in piece] == [*head, *[row] * 5, end]


def test_who_was_lost_gets_an_empty_answer_and_one_that_was_dropped_none():
    server, _, _ = begun()
    reader, other = Reader(), Reader()
    reading(server, reader)
    reading(server, other).dropped = True
    server.snapshot.lost()

    assert (reader.answers, other.answers) == ([[]], [])
    assert not server.snapshot.idle
