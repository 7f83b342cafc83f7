"""Texts of others neither command a terminal nor look like lines of ours."""

import pytest

from pytest_rdsfailover.model.shown import one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich\tor\nelsewhere", "Zürich\tor\nelsewhere"),
        ("\x1b[2J", r"\x1b[2J"), ("\x9b1m", r"\x9b1m"), ("a\rb", r"a\rb"),
        ("\u202egnp.exe", r"\u202egnp.exe"), ("\ud800", r"\ud800"), ("\x00", r"\x00"),
    ],
)  # fmt: skip
def test_a_terminal_shows_a_text_and_does_not_obey_it(text, shown):
    assert printable(text) == shown


def test_nothing_in_a_line_looks_like_another():
    assert one_line("a\nPASSED\x1b[0m") == r"a\nPASSED\x1b[0m"
