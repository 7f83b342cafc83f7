"""Columns and rows come apart and together again, NULL and empty texts among them."""

import pytest

from pytest_rdsfailover.mysql.changed_rows import HANDLER, INNODB, changed_rows
from pytest_rdsfailover.mysql.packets import ProtocolError
from pytest_rdsfailover.mysql.results import column_name, encode_row, parse_row, renamed

COLUMN = b"\x03def\x01s\x01t\x02ot\x04name\x02on\x0c" + bytes(12)


@pytest.mark.parametrize("row", [[None], [b""], [b"a", None, b"", b"x" * 300], [None, None]])
def test_a_row_comes_back(row):
    assert parse_row(encode_row(row)) == row


@pytest.mark.parametrize("payload", [b"", b"\x05abc", b"\x01a\xfc"])
def test_a_row_that_is_none_is_refused(payload):
    with pytest.raises(ProtocolError):
        parse_row(payload)


def test_a_column_is_renamed_and_all_else_of_it_stays():
    assert column_name(COLUMN) == (b"name", 11, 16)
    assert renamed(COLUMN, b"n") == COLUMN.replace(b"\x04name", b"\x01n")
    assert renamed(renamed(COLUMN, b"n" * 300), b"name") == COLUMN


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        ({}, None),
        ({"Com_insert": 7}, None),
        ({INNODB[1]: 3}, 3),
        ({INNODB[0]: 1, INNODB[1]: 3, HANDLER[0]: 90}, 4),
        ({HANDLER[0]: 1, HANDLER[2]: 5}, 6),
        (dict.fromkeys(HANDLER, 0), 0),
    ],
)
def test_changed_rows_are_counted_by_the_engine_or_else_by_its_handlers(counts, rows):
    assert changed_rows(counts) == rows
