"""Columns and rows of a result, taken apart and put together."""

from pytest_rdsfailover.mysql.packets import (
    ProtocolError,
    lenenc_string,
    read_string,
)

NULL = 0xFB
BEFORE_NAME = 4  # catalogue, schema, table, original table


def column_name(definition: bytes) -> tuple[bytes, int, int]:
    """Return a column's name, and where in its definition the name starts and ends."""
    at = 0
    for _ in range(BEFORE_NAME):
        _, at = read_string(definition, at)
    name, end = read_string(definition, at)
    return name, at, end


def renamed(definition: bytes, name: bytes) -> bytes:
    """Return a column's definition with another name."""
    _, start, end = column_name(definition)
    return definition[:start] + lenenc_string(name) + definition[end:]


def parse_row(payload: bytes) -> list[bytes | None]:
    """Return the values of a row in the text protocol; None is NULL.

    Raises:
        ProtocolError: if the row is broken.
    """
    values: list[bytes | None] = []
    at = 0
    while at < len(payload):
        if payload[at] == NULL:
            values.append(None)
            at += 1
        else:
            value, at = read_string(payload, at)
            values.append(value)
    if not values:
        raise ProtocolError("an empty row")
    return values


def encode_row(values: list[bytes | None]) -> bytes:
    """Return a row in the text protocol."""
    return b"".join(bytes((NULL,)) if v is None else lenenc_string(v) for v in values)
