"""Which accounts of ours on a shared server are in use, and which were left behind.

An account and its database have one name. It says when they were made, by the server's own clock,
because those who share a server are on several machines. The process that uses an account holds a
lock of that name on the server; the server releases it when the connection ends.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from pytest_rdsfailover.local.server import accounts
from pytest_rdsfailover.local.server.accounts import PREFIX, Account, Address, ServerError

NAME = re.compile(rf"{PREFIX}(?P<born>[0-9a-f]{{8}})_[0-9a-f]{{8}}")
FIRST = 0x6955B900  # the year 2026; before it there were no accounts of ours, but names with a date
SWEPT_AFTER = 300.0  # seconds; younger ones may be about to be locked
MOST = 100  # accounts that one start removes, so that it does not take for ever
NAMES = """
SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE %(ours)s
UNION SELECT TRIM(BOTH '''' FROM SUBSTRING_INDEX(grantee, '@', 1))
FROM information_schema.user_privileges WHERE grantee LIKE CONCAT('''', %(ours)s)
"""


def clock(connection: Any) -> int:
    """Return the server's time, in seconds of the epoch."""
    return int(_value(connection, "SELECT UNIX_TIMESTAMP()"))


def lock(connection: Any, name: str) -> bool:
    """Hold the lock of a name for as long as the connection lasts; return False if others hold it."""
    return bool(_value(connection, "SELECT GET_LOCK(%s, 0)", name) == 1)


def sweep(address: Address, admin: Account) -> None:
    """Drop the accounts and databases that their users have left behind.

    What cannot be dropped stays, and fails no run.

    Raises:
        ServerError: if the server cannot be asked for them.
    """
    with accounts.session(address, admin) as connection:
        names = _leftovers(connection)
    for name in names:
        with contextlib.suppress(ServerError), accounts.session(address, admin) as connection:
            if lock(connection, name):
                accounts.drop(connection, Account(user=name, password="", database=name))


def _leftovers(connection: Any) -> list[str]:
    """Return the oldest names of ours that are old enough to be left behind and are not locked."""
    oldest = clock(connection) - SWEPT_AFTER
    with connection.cursor() as cursor:
        cursor.execute(NAMES, {"ours": f"{PREFIX}%"})
        names = sorted(str(name) for (name,) in cursor.fetchall())
    return [name for name, born in _born(names) if born <= oldest][:MOST]


def _born(names: list[str]) -> Iterator[tuple[str, int]]:
    """Yield those names that are of accounts of ours, and when each was made."""
    for name in names:
        match = NAME.fullmatch(name)
        born = 0 if match is None else int(match["born"], 16)
        if born >= FIRST:
            yield name, born


def _value(connection: Any, statement: str, *arguments: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchone()[0]
