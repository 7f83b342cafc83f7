"""What a log says of the end of the process that wrote it."""

import pytest

from pytest_rdsfailover.local.standing.last_words import noted, told

LONG = "x" * 200


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", ""),
        ("\n  \n", ""),
        (noted(3), "has ended: status 3"),
        (f"first\n\n  why \n\n{noted(0)}\n", "has ended: why"),
        (f"{LONG}\n{noted(1)}", f"has ended: {LONG}"),
        (f"{LONG}y\n{noted(1)}", f"has ended: {LONG}…"),
        (f"{noted(1)}\nafter it", f"{noted(1)} | after it"),
        (f"said: {noted(1)}", f"said: {noted(1)}"),
        ("a", "a"),
        ("a\n\n b \nc", "a | b | c"),
        (f"a\nb\nc\n{LONG}y", f"b | c | {LONG}…"),
    ],
)
def test_a_noted_end_is_told_with_its_reason_and_else_the_last_lines(log, said):
    killed = "was killed, for no end is on record; its log's last lines: "
    assert told(log) == (killed + said if said and not said.startswith("has ended") else said)
