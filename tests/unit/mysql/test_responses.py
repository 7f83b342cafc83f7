import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.mysql.packets import (
    EOF,
    STATUS_CURSOR_EXISTS,
    STATUS_MORE_RESULTS,
    PacketReader,
    ProtocolError,
    ServerFault,
    eof_packet,
    error_packet,
    frame,
    ok_packet,
)
from pytest_rdsfailover.mysql.responses import Command, Part, Response

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
        (Command.STMT_PREPARE, [PREPARED[:5] + bytes(4)]),
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


@pytest.mark.parametrize(
    ("changed", "text", "idle"),
    [
        (1, b"", False),
        (0, b"", True),
        (300, b"(Rows matched: 300  Changed: 300  Warnings: 0", False),
        (0, b"(Rows matched: 0  Changed: 0  Warnings: 0", True),
        (0, b"(Rows matched: 1  Changed: 0  Warnings: 0", False),
        (0, b"(Rows matched: 0  Changed: 0  Warnings: 5", True),
        (0, b"+Lignes correspondantes: 12  Modifi\xe9es: 0  Warnings: 3", False),
        (0, b"&Records: 0  Duplicates: 0  Warnings: 0", True),
        (0, b"&Records: 1  Duplicates: 1  Warnings: 1", True),
        (0, b"&Records: 2  Duplicates: 0  Warnings: 0", False),  # as they should be already
    ],
)
def test_an_answer_tells_whether_rows_were_changed_or_found_as_they_should_be(changed, text, idle):
    response = Response(Command.QUERY, deprecate_eof=False)
    response.feed(ok_packet(2, affected=changed) + text)
    assert response.idle is idle


def test_nothing_is_known_of_an_answer_that_has_not_begun():
    response = Response(Command.QUERY, deprecate_eof=False)

    assert [response.done, response.failed, response.warned, response.queried] == [False] * 4
    assert (response.rows, response.changed, response.error, response.status) == (0, 0, 0, None)
    assert response.idle


def test_each_part_of_a_table_is_named():
    assert ended(Command.QUERY, TABLE) == [
        Part.COLUMNS, Part.COLUMN, Part.PLAIN, Part.ROW, Part.ROW, Part.END,
    ]  # fmt: skip


def test_each_part_of_a_prepared_statement_is_named():
    packets = [PREPARED, COLUMN, EOF2, COLUMN, COLUMN, EOF2]
    plain = [Part.PLAIN, Part.COLUMN, Part.PLAIN, Part.COLUMN, Part.COLUMN, Part.PLAIN]

    assert ended(Command.STMT_PREPARE, packets) == plain
    assert ended(Command.STMT_PREPARE, [PREPARED, *[COLUMN] * 3], deprecate_eof=True) == [
        Part.PLAIN, Part.COLUMN, Part.COLUMN, Part.COLUMN]  # fmt: skip
    assert ended(Command.STMT_PREPARE, [PREPARED, COLUMN, ERROR])[-1] is Part.END


@pytest.mark.parametrize("skipping", [False, True])
@pytest.mark.parametrize("deprecate_eof", [False, True])
def test_the_latest_result_tells_its_rows_and_warnings_and_all_what_they_changed(
    skipping, deprecate_eof
):
    response = Response(Command.QUERY, deprecate_eof=deprecate_eof)
    more = 2 | STATUS_MORE_RESULTS
    end = b"\xfe" + ok_packet(more)[1:-2] + b"\3\0" if deprecate_eof else b"\xfe\3\0\x0a\0"
    table = [*(NEW_TABLE if deprecate_eof else TABLE)[:-1], end]
    said = []
    for packet in [*table, ok_packet(more, affected=2), *table, ok_packet(2, affected=5)]:
        if not (skipping and response.skip(frame(packet, 1))):
            response.feed(packet)
        if packet[0] in (0, 0xFE) and (packet is not EOF2 or deprecate_eof):
            said.append((response.queried, response.rows, response.warnings, response.warned,
                         response.changed))  # fmt: skip

    assert said == [
        (True, 2, 3, True, 0), (False, 2, 0, False, 2), (True, 2, 3, True, 2), (False, 2, 0, False, 7),
    ]  # fmt: skip
    assert response.done


@pytest.mark.parametrize(
    "packets",
    [[b"\x01", ERROR], [b"\x01", COLUMN, EOF2, ERROR], [b"\x01", COLUMN, EOF2, ROW, ERROR]],
)
def test_an_error_ends_a_result_wherever_it_comes(packets):
    response = Response(Command.QUERY, deprecate_eof=False)
    assert [response.feed(packet) for packet in packets][-1] is Part.END
    assert (response.done, response.failed, response.error) == (True, True, 1064)


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
        (Command.PING, [b"\x05"]), (Command.PING, [b"\x05" + OK2[1:]]), (Command.QUERY, [b"\x02\x02"]), (Command.QUERY, [b""]),
        (Command.QUERY, [b"\x01", COLUMN, COLUMN]), (Command.STMT_PREPARE, [b"\0"]),
        (Command.QUERY, [OK2, OK2]), (Command.STMT_PREPARE, [PREPARED, COLUMN, COLUMN]),
    ],
)  # fmt: skip
def test_what_no_server_says_is_an_error(command, packets):
    response = Response(command, deprecate_eof=False)
    with pytest.raises(ProtocolError):
        for packet in packets:
            response.feed(packet)


def walk(command, data, chunk, *, deprecate_eof, skipping):
    """Follow the bytes of an answer; return how it ended, and its packets that are no ends."""
    response, reader = Response(command, deprecate_eof=deprecate_eof), PacketReader()
    ends, middle = [], b""
    for start in range(0, len(data), chunk):
        part = reader.joined(data[start : start + chunk])
        end = response.skip(part) if skipping else 0
        middle += part[:end]
        for packet in reader.split(part[end:]):
            if response.feed(packet.payload) is Part.END:
                ends.append((packet, response.status, response.warned))
            else:
                middle += frame(packet.payload, packet.sequence)
    return ends, middle, response.done, response.failed


ROWS = st.lists(
    st.sampled_from([ROW, NULL_ROW, b"\xfe" + bytes(8) + b"long", b"\0" * 6, b"\x01\xfe"]),
    max_size=4,
)


@st.composite
def answers(draw):
    """Make an answer of several results, as packets, to a command that has columns."""
    new = draw(st.booleans())
    command = draw(st.sampled_from([Command.QUERY, Command.STMT_EXECUTE]))
    packets = []
    count = draw(st.integers(1, 3))
    for number in range(count):
        more = STATUS_MORE_RESULTS * (number < count - 1)
        kind = draw(st.sampled_from(["ok", "table", "cursor", "error"]))
        if kind == "ok":
            packets.append(ok_packet(2 | more, affected=draw(st.sampled_from([0, 251, 70_000]))))
            continue
        columns = draw(st.integers(1, 3))
        packets += [bytes((columns,)), *[COLUMN] * columns]
        if kind == "cursor" and command is Command.STMT_EXECUTE and not new:
            packets.append(eof_packet(2 | STATUS_CURSOR_EXISTS | more))
            continue
        packets += [] if new else [EOF2]
        # With the new end a row that begins with 0xfe is as long as a packet can be.
        packets += [row for row in draw(ROWS) if not (new and row[0] == EOF)]
        if kind == "error":
            packets.append(ERROR)
            break
        end = b"\xfe" + ok_packet(2 | more)[1:-2] + b"\1\0" if new else eof_packet(2 | more)
        packets.append(end)
    framed = b"".join(frame(payload, number) for number, payload in enumerate(packets))
    return command, new, framed


@given(answer=answers(), chunk=st.integers(1, 80))
def test_what_is_skipped_changes_nothing_of_what_an_answer_says(answer, chunk):
    command, new, data = answer

    looked_at = walk(command, data, chunk, deprecate_eof=new, skipping=False)
    skipped = walk(command, data, chunk, deprecate_eof=new, skipping=True)

    assert looked_at[2]
    assert skipped == looked_at


@pytest.mark.parametrize("rows", [1, 3])
def test_skipped_rows_are_counted_however_often_it_goes_on(rows):
    response = Response(Command.QUERY, deprecate_eof=False)
    for packets in ([b"\x01", COLUMN, EOF2], [ROW] * rows, [ROW] * rows):
        data = b"".join(frame(payload, 1) for payload in packets)
        assert response.skip(data) == len(data)

    assert (response.rows, response.queried) == (2 * rows, True)


def test_a_result_is_skipped_up_to_its_end():
    packets = b"".join(frame(payload, number) for number, payload in enumerate(TABLE))

    assert Response(Command.QUERY, deprecate_eof=False).skip(packets) == len(packets) - 9


@pytest.mark.parametrize("payload", [b"\xfb/etc/file", b"\xfb", OK2, ERROR, b"\xfc\1\1", b""])
def test_what_may_mean_something_is_not_skipped(payload):
    assert Response(Command.QUERY, deprecate_eof=False).skip(frame(payload, 1)) == 0


@given(data=st.binary(max_size=60), deprecate_eof=st.booleans())
def test_no_bytes_are_too_strange_to_skip(data, deprecate_eof):
    response = Response(Command.QUERY, deprecate_eof=deprecate_eof)

    assert 0 <= response.skip(data) <= len(data)
    assert not response.done


@pytest.mark.parametrize("deprecate_eof", [False, True])
@pytest.mark.parametrize(
    "command",
    [one for one in Command if not Response(one, deprecate_eof=False).done],
    ids=lambda one: one.name,
)
def test_an_error_ends_the_answer_to_any_command_and_is_told_as_one(command, deprecate_eof):
    response = Response(command, deprecate_eof=deprecate_eof)

    assert response.feed(ERROR) is Part.END
    assert (response.done, response.failed, response.warned) == (True, True, True)
    assert (response.error, response.status, response.warnings) == (1064, None, 0)
