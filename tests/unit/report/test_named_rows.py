"""Rows of figures beside or below their names."""

import pytest

from pytest_rdsfailover.report.named_rows import TableLine, fit, named_rows


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abc", 5, "  abc"), ("abc", -5, "abc  "), ("abc", 3, "abc"), ("abc", -3, "abc"),
        ("abcdefghij", 9, "abc…fghij"), ("abcdefghij", -7, "ab…ghij"), ("", -2, "  "),
    ],
)  # fmt: skip
def test_a_text_is_filled_or_loses_its_middle(text, width, fitted):
    assert fit(text, width) == fitted


COLUMNS = [("lost", 4), ("valid", -5)]
NAMES, ROWS = ["one", "two", "one"], [["1", "yes"], ["no trial"], ["23", "no"]]


def test_figures_stand_beside_names_that_leave_room_for_them():
    lines = [TableLine("test lost valid"), TableLine("one     1 yes", 0),
             TableLine("two  no trial", 1), TableLine("one    23 no", 2)]  # fmt: skip

    assert named_rows("test", COLUMNS, NAMES, ROWS, 15) == lines


def test_figures_stand_below_names_that_leave_none_together_with_others_of_the_name():
    assert named_rows("test", COLUMNS, NAMES, ROWS, 14) == [
        TableLine("  lost valid"),
        TableLine("one"), TableLine("     1 yes", 0), TableLine("    23 no", 2),
        TableLine("two"), TableLine("  no trial", 1),
    ]  # fmt: skip
