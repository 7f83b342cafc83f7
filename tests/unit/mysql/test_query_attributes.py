"""Query attributes are taken out of commands, and put back; what is broken is an error, never another statement."""

import contextlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_rdsfailover.mysql.packets import lenenc, lenenc_string
from pytest_rdsfailover.mysql.query_attributes import NONE, AttributesError, AttributesReader

STRING, LONGLONG, LONG, SHORT, TINY, DOUBLE, FLOAT, NULL = 0xFE, 8, 3, 2, 1, 5, 4, 6
YEAR, MEDIUM, TIME, DATETIME, TIMESTAMP, DATE = 13, 9, 11, 12, 7, 10
ONE, STRANGER = b"\x01\0\0\0", b"\x63\0\0\0"
MANY = [(STRING, b"n", b"\x01v")] * 300
VALUES = st.one_of(
    st.tuples(st.sampled_from([STRING, 0, 0xF5, 0xFC, 200, NULL]), st.binary(max_size=300).map(lenenc_string)),
    st.tuples(st.sampled_from([LONGLONG, DOUBLE]), st.binary(min_size=8, max_size=8)),
    st.tuples(st.sampled_from([LONG, FLOAT, MEDIUM]), st.binary(min_size=4, max_size=4)),
    st.tuples(st.sampled_from([SHORT, YEAR]), st.binary(min_size=2, max_size=2)),
    st.tuples(st.just(TINY), st.binary(min_size=1, max_size=1)),
    st.tuples(
        st.sampled_from([TIME, DATETIME, TIMESTAMP, DATE]),
        st.sampled_from([0, 4, 7, 8, 11, 12, 13]).map(lambda size: bytes((size,)) + b"\x01" * size),
    ),
    st.tuples(st.sampled_from([STRING, NULL, LONGLONG]), st.none()),
)  # fmt: skip
ATTRIBUTES = st.lists(st.builds(lambda name, value: (value[0], name, value[1]), st.binary(max_size=20), VALUES), max_size=12)  # fmt: skip
PARAMETERS = st.lists(VALUES.map(lambda value: (value[0], b"", value[1])), max_size=12)


def block(values, left_out=()):
    """Return NULL bits, types with names, and values as they stand in a message."""
    nulls = sum(1 << number for number, (_, _, value) in enumerate(values) if value is None)
    return b"".join((
        nulls.to_bytes((len(values) + 7) // 8, "little"), b"\x01",
        *(bytes((kind, 0)) + lenenc_string(name) for kind, name, _ in values),
        *(value for number, (_, _, value) in enumerate(values) if value is not None and number not in left_out),
    ))  # fmt: skip


def query(attributes, text):
    return (
        b"\x03"
        + lenenc(len(attributes))
        + b"\x01"
        + (block(attributes) if attributes else b"")
        + text
    )


def execute(values, *, flags=8, number=ONE, left_out=()):
    head = b"\x17" + number + bytes((flags,)) + b"\x01\0\0\0"
    counted = lenenc(len(values)) if values or flags & 8 else b""
    return head + counted + (block(values, left_out) if values else b"")


def plain_execution(values, *, flags=0, left_out=()):
    """Return what a client without attributes sends for the same parameters."""
    if not values:
        return b"\x17" + ONE + bytes((flags,)) + b"\x01\0\0\0"
    with_names = block([(kind, b"", value) for kind, _, value in values], left_out)
    bits, names = (len(values) + 7) // 8 + 1, bytearray(with_names)
    del names[bits + 2 : bits + 3 * len(values) : 3]
    return b"\x17" + ONE + bytes((flags,)) + b"\x01\0\0\0" + bytes(names)


def reader(parameters=0, *, passes=True):
    """Return one that knows a prepared statement with so many parameters."""
    found = AttributesReader(passes=passes)
    found.prepared(b"\0" + ONE + b"\0\0" + struct.pack("<H", parameters) + b"\0\0\0")
    return found


def refusal(message, parameters=2):
    with pytest.raises(AttributesError) as refused:
        reader(parameters).without(message)
    return refused.value.fault.code


@given(ATTRIBUTES, st.binary(max_size=50))
@example(MANY, b"SELECT 1")
@example([(STRING, "ключ".encode(), lenenc_string(b"x" * 70_000))], b"SELECT 1")
@example([], b"")
def test_a_text_is_seen_without_its_attributes_and_a_server_that_takes_them_gets_both(attributes, text):  # fmt: skip
    passing, stripping = reader(), reader(passes=False)
    message = query(attributes, text)

    assert passing.without(message) == stripping.without(message) == b"\x03" + text
    assert passing.restored(b"\x03" + text) == message
    assert passing.restored(b"\x03other") == query(attributes, b"other")
    assert stripping.restored(b"\x03" + text) == b"\x03" + text
    assert passing.own(b"\x03COMMIT") == b"\x03" + NONE + b"COMMIT"
    assert stripping.own(b"\x03COMMIT") == b"\x03COMMIT"


def test_attributes_belong_to_one_command():
    attributes = reader()
    attributes.without(query([(STRING, b"n", b"\x01v")], b"SELECT 1"))
    attributes.without(query([], b"SELECT 2"))
    assert attributes.restored(b"\x03SELECT 2") == b"\x03" + NONE + b"SELECT 2"


@given(PARAMETERS, ATTRIBUTES, st.sets(st.integers(0, 11)))
@example([(STRING, b"", b"\x01v")] * 9, MANY, {8})
@example([], [(STRING, b"n", b"\x01v")], set())
def test_an_execution_is_seen_with_its_parameters_only(parameters, attributes, long):
    long = {number for number in long if number < len(parameters)}
    for passes in (True, False):
        attributed = reader(len(parameters), passes=passes)
        for number in long:
            attributed.without(b"\x18" + ONE + struct.pack("<H", number) + b"part")
        message = execute(parameters + attributes, left_out=long)
        plain = plain_execution(parameters, left_out=long)

        assert attributed.without(message) == plain
        assert attributed.restored(plain) == (message if passes else plain)
        # Long data is used up by an execution.
        assert attributed.without(execute(parameters + attributes)) == plain_execution(parameters)


@given(PARAMETERS, st.sampled_from([0, 1, 9]))
def test_an_execution_without_attributes_keeps_its_flags_but_one(parameters, flags):
    kept = plain_execution(parameters, flags=flags & ~8)
    assert reader(len(parameters)).without(execute(parameters, flags=flags)) == kept


def test_parameters_may_have_the_types_of_the_execution_before():
    again = b"\x17" + ONE + b"\x08\x01\0\0\0" + b"\x02" + b"\x01\0" + b"\x01z"
    assert reader(2).without(again) == b"\x17" + ONE + b"\0\x01\0\0\0" + b"\x01\0" + b"\x01z"


@pytest.mark.parametrize("forgotten", [b"\x1a" + ONE, b"\x19" + ONE, b"\x1f", b"\x11app\0"])
def test_long_data_is_forgotten_with_its_statement(forgotten):
    values = [(STRING, b"", b"\x01v"), (STRING, b"n", b"\x01w")]
    attributes = reader(1)
    attributes.without(b"\x18" + ONE + b"\0\0part")
    assert attributes.without(forgotten) == forgotten
    attributes.prepared(b"\0" + ONE + b"\0\0\x01\0\0\0\0")

    assert attributes.without(execute(values)) == plain_execution(values[:1])


def test_what_nobody_has_prepared_and_what_is_no_statement_pass_as_they_are():
    attributes = reader(1)
    unknown = execute([(STRING, b"", b"\x01v")], number=STRANGER)
    assert attributes.restored(attributes.without(unknown)) == unknown
    attributes.without(b"\x19" + ONE)
    for message in (
        execute([], flags=0),
        b"\x16SELECT ?",
        b"\x0e",
        b"\x18",
        b"\x1a",
        b"\xfa\0\0\0\0",
    ):
        assert attributes.without(message) == message
        assert attributes.restored(message) == message
        assert attributes.own(message) == message


@pytest.mark.parametrize(
    "message",
    [
        b"\x03", b"\x03\0", b"\x03\0\0SELECT 1", b"\x03\0\x02SELECT 1", b"\x03\xfb\x01SELECT 1",
        b"\x03\x01\x01\0\0SELECT 1",  # no types
        b"\x03\x01\x01\0\x01\xfe", b"\x03\x01\x01\0\x01\xfe\0\x05ab", b"\x03\x01\x01\0",
        b"\x03\x01\x01\0\x01\xfe\0\xfb\x03val", b"\x03\x01\x01\0\x01\x0c\0\x01n\xff\x01\x01",
        b"\x03\x01\x01\0\x01\x08\0\x01n1234567",
        b"\x03\xfc\xff\xff\x01\0\x01\xfe\0\x01n\x03valSELECT 1",
        b"\x03\xfe" + b"\xff" * 8 + b"\x01\0\x01\xfe\0\x01n\x03valSELECT 1",
        b"\x17" + ONE + b"\0\x01", b"\x17" + ONE + b"\x08\x01\0\0\0", b"\x17" + ONE + b"\0\x01\0\0\0",
        b"\x17" + ONE + b"\x08\x01\0\0\0\x03\0\x01\xfe\0\0\xfe\0\0\xfe",
        b"\x17" + ONE + b"\x08\x01\0\0\0\x03\0\0\x01a\x01b\x01c",  # no types for an attribute
        b"\x17" + ONE + b"\x08\x01\0\0\0\x03\0\x01\xfe\0\0\xfe\0\0\x08\0\x01n\x01a\x01b1234567",
    ],
)  # fmt: skip
def test_what_is_broken_is_malformed(message):
    assert refusal(message) == 1835


@pytest.mark.parametrize(("count", "broken"), [(0xFFFF, False), (0x10000, True)])
@pytest.mark.parametrize("command", [query, execute])
def test_more_values_than_a_statement_can_have_are_not_read(command, count, broken):
    """Millions of them would keep all other clients waiting."""
    values = [(NULL, b"", None)] * count
    message = query(values, b"SELECT 1") if command is query else execute(values)
    reader = AttributesReader(passes=False)
    reader.prepared(b"\0" + ONE + bytes(7))

    if broken:
        with pytest.raises(AttributesError):
            reader.without(message)
    else:
        assert len(reader.without(message)) < 20


def test_less_parameters_than_the_statement_has_are_wrong_arguments():
    assert refusal(execute([(STRING, b"", b"\x01v")])) == 1210
    assert refusal(execute([])) == 1210


def test_a_text_value_that_is_cut_off_leaves_no_statement_as_on_the_server():
    """Servers take what is there of it, so that nothing is left to execute."""
    assert reader().without(b"\x03\x01\x01\0\x01\xfe\0\x01n\x50SELECT 1") == b"\x03"


@given(ATTRIBUTES, st.binary(max_size=20), st.integers(0, 400))
def test_of_a_text_that_is_cut_off_at_most_its_own_beginning_is_left(attributes, text, size):
    with contextlib.suppress(AttributesError):
        assert text.startswith(reader().without(query(attributes, text)[: 1 + size])[1:])


BROKEN = st.lists(
    st.sampled_from([b"\0", b"\x01", b"\x02", b"\x08", b"\xfe\0", b"\x0c\0", b"\xfb", b"\xfc\xff\xff",
                     b"\xfe" + b"\xff" * 8, b"\x01n", b"\x03val"]) | st.binary(max_size=6),
    max_size=12,
).map(b"".join)  # fmt: skip


@given(st.sampled_from([b"\x03", b"\x17" + ONE + b"\x08\x01\0\0\0", b"\x17", b"\x18", b"\x1a"]), BROKEN, st.integers(0, 20))  # fmt: skip
def test_whatever_bytes_come_are_read_or_refused(head, rest, parameters):
    attributes = reader(parameters)
    for _ in range(2):
        with contextlib.suppress(AttributesError):
            plain = attributes.without(head + rest)
            assert plain[:1] == head[:1]
            assert attributes.restored(plain) == head + rest
