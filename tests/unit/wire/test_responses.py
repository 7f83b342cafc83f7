import pytest

from pytest_rdsfailover.wire.packets import (
    STATUS_CURSOR_EXISTS,
    STATUS_MORE_RESULTS,
    ProtocolError,
    ServerFault,
    eof_packet,
    error_packet,
    ok_packet,
)
from pytest_rdsfailover.wire.responses import Command, Part, Response

OK2 = ok_packet(2)
EOF2 = eof_packet(2)
OK_AS_EOF = b"\xfe" + OK2[1:]
ERROR = error_packet(ServerFault(1064, "42000", "no"))
MORE = ok_packet(2 | STATUS_MORE_RESULTS)
COLUMN = b"\x03def\0\0\0\x01a\0\x0c"
ROW, NULL_ROW = b"\x01x", b"\xfb"


def ended(command, packets, *, deprecate_eof=False):
    """Feed packets; return what each was, after checking that only the last one ended it."""
    response = Response(command, deprecate_eof=deprecate_eof)
    parts = []
    for packet in packets:
        assert not response.done
        parts.append(response.feed(packet))
    assert response.done
    return parts


TABLE = [b"\x01", COLUMN, EOF2, ROW, NULL_ROW, EOF2]
NEW_TABLE = [b"\x01", COLUMN, ROW, NULL_ROW, OK_AS_EOF]
PREPARED = b"\0\1\0\0\0\2\0\1\0\0\0\0"  # two columns, one parameter


@pytest.mark.parametrize(
    ("command", "packets"),
    [
        (Command.QUERY, [OK2]),
        (Command.QUERY, [ERROR]),
        (Command.QUERY, TABLE),
        (Command.QUERY, [*TABLE[:-1], ERROR]),
        (Command.QUERY, [MORE, *TABLE]),
        (Command.QUERY, [*TABLE[:-1], eof_packet(2 | STATUS_MORE_RESULTS), OK2]),
        (Command.QUERY, [b"\xfb/etc/file", OK2]),
        (Command.PING, [OK2]),
        (Command.SET_OPTION, [EOF2]),
        (Command.STATISTICS, [b"Uptime: 1"]),
        (Command.FIELD_LIST, [COLUMN, COLUMN, EOF2]),
        (Command.STMT_PREPARE, [ERROR]),
        (Command.STMT_PREPARE, [PREPARED[:5] + bytes(7)]),
        (Command.STMT_PREPARE, [PREPARED, COLUMN, EOF2, COLUMN, COLUMN, EOF2]),
        (Command.STMT_EXECUTE, [b"\x01", COLUMN, eof_packet(2 | STATUS_CURSOR_EXISTS)]),
        (Command.STMT_FETCH, [b"\0\0x", EOF2]),
        (Command.STMT_RESET, [OK2]),
        (Command.RESET_CONNECTION, [OK2]),
        (Command.CHANGE_USER, [b"\xfeplugin\0salt", b"\x01\x03", OK2]),
        (Command.CHANGE_USER, [ERROR]),
        (0x77, [ERROR]),
    ],
)
def test_an_answer_ends_where_it_ends(command, packets):
    ended(command, packets)


@pytest.mark.parametrize(
    ("command", "packets"),
    [
        (Command.QUERY, NEW_TABLE),
        (Command.QUERY, [b"\x01", COLUMN, OK_AS_EOF]),
        (Command.QUERY, [*NEW_TABLE[:-1], b"\xfe" + MORE[1:], *NEW_TABLE]),
        (Command.STMT_PREPARE, [PREPARED, COLUMN, COLUMN, COLUMN]),
        (Command.STMT_EXECUTE, [b"\x01", COLUMN, b"\xfe" + ok_packet(0x42)[1:]]),
        (Command.FIELD_LIST, [COLUMN, OK_AS_EOF]),
    ],
)
def test_an_answer_without_eof_packets_ends_where_it_ends(command, packets):
    ended(command, packets, deprecate_eof=True)


def test_each_part_of_a_table_is_named():
    assert ended(Command.QUERY, TABLE) == [
        Part.COLUMNS, Part.COLUMN, Part.PLAIN, Part.ROW, Part.ROW, Part.END,
    ]  # fmt: skip


@pytest.mark.parametrize("command", [Command.QUIT, Command.STMT_CLOSE, Command.STMT_SEND_LONG_DATA])
def test_some_commands_get_no_answer(command):
    assert Response(command, deprecate_eof=False).done


def test_a_dump_of_the_log_never_ends():
    response = Response(Command.BINLOG_DUMP, deprecate_eof=False)
    assert response.feed(b"\0event") is Part.PLAIN
    assert not response.done


@pytest.mark.parametrize(
    ("command", "packets"),
    [
        (Command.PING, [b"\x05"]), (Command.QUERY, [b"\x02\x02"]), (Command.QUERY, [b""]),
        (Command.QUERY, [b"\x01", COLUMN, COLUMN]), (Command.STMT_PREPARE, [b"\0"]),
        (Command.QUERY, [OK2, OK2]), (Command.STMT_PREPARE, [PREPARED, COLUMN, COLUMN]),
    ],
)  # fmt: skip
def test_what_no_server_says_is_an_error(command, packets):
    response = Response(command, deprecate_eof=False)
    with pytest.raises(ProtocolError):
        for packet in packets:
            response.feed(packet)
