"""Which commands crash an instance, and what such a crash is."""

import pytest

from pytest_rdsfailover.local.gateway.crash import crash_steps, is_crash

QUERY, PREPARE = b"\x03", b"\x16"


@pytest.mark.parametrize(
    "text",
    [
        b"ALTER SYSTEM CRASH", b"alter system crash instance", b"ALTER\tSYSTEM\nCRASH DISPATCHER ;",
        b"  ALTER SYSTEM CRASH NODE;  ",
    ],
)  # fmt: skip
def test_what_aurora_documents_is_a_crash(text):
    assert is_crash(QUERY + text)


@pytest.mark.parametrize(
    "message",
    [
        QUERY + b"ALTER SYSTEM CRASH TABLE", QUERY + b"SELECT 'ALTER SYSTEM CRASH'",
        QUERY + b"ALTER SYSTEMCRASH", QUERY + b"ALTER SYSTEM CRASH; SELECT 1", QUERY,
        PREPARE + b"ALTER SYSTEM CRASH", QUERY + b" " * 200 + b"ALTER SYSTEM CRASH",
    ],
)  # fmt: skip
def test_everything_else_is_none(message):
    assert not is_crash(message)


def test_an_instance_that_crashes_is_cut_at_once_and_comes_back():
    steps = crash_steps("a", 5.0)

    assert [(one.at, one.action, one.instance) for one in steps] == [
        (0.0, "cut", "a"),
        (5.0, "back", "a"),
    ]
