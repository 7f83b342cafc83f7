"""Drops an account and its database once nobody needs them, however their user has ended.

A program: `python -m pytest_rdsfailover.local.server.keeper`. The first line of its standard input
is JSON; it holds passwords, which are nowhere else:

    {"address": {"host": "...", "port": 3306, ...},    as `Address` has it
     "admin": {"user": "...", "password": "..."},      may drop the account
     "account": {"user": "...", ...}}                  what is to be dropped

It prints a line when it holds the account's lock (`ownership.py`). At the end of its input, or when
it is asked to end, it drops the account, within `DROP_WITHIN` seconds.
"""

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from pytest_rdsfailover.local.processes.told import read_told
from pytest_rdsfailover.local.server import accounts, ownership
from pytest_rdsfailover.local.server.accounts import Account, Address, ServerError
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.typed import typed
from pytest_rdsfailover.mysql import driver

LOOK_EVERY = 10.0  # seconds between two looks whether the server still knows the lock
AGAIN_AFTER = 0.5  # seconds between two tries of what the server refused
DROP_WITHIN = 12.0  # seconds
GRACE = 15.0  # seconds for the end of this program
BOUNDS = Bounds(connect=3.0, read=10.0, write=10.0)
NO_LOCKS = 1105  # of a server that is part of a group; nobody can sweep there either
# A server must not take a quiet connection for a forgotten one: that would free the lock.
LASTING = "SET SESSION wait_timeout = 31536000"
BRIEF = "SET SESSION lock_wait_timeout = 5"  # for the tables of a database to be dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the program is told.

    Attributes:
        address: where the server listens.
        admin: an account that may drop others.
        account: the account to keep, and to drop at the end.
    """

    address: Address
    admin: Account
    account: Account


def words(address: Address, admin: Account, account: Account) -> str:
    """Return what to write to the program's standard input."""
    return json.dumps(asdict(Task(address=address, admin=admin, account=account)))


def keep(
    address: Address, admin: Account, account: Account, is_over: Callable[[float, list[Any]], bool]
) -> None:
    """Hold the account's lock until nobody needs it; take it anew if the server has lost it.

    *is_over* waits up to so many seconds, or until one of these sockets has something to read. It
    returns whether nobody needs the account any more.
    """
    said = False
    over = False
    while not over:
        try:
            with accounts.session(address, admin, bounds=BOUNDS) as connection:
                accounts.run(connection, (LASTING,))
                while not over:
                    _lock(connection, account)
                    if not said:
                        said = True
                        _say("kept")
                    # A server that ends or ends this session says so. Until we hold the lock again, another
                    # run may take the account for nobody's.
                    over = is_over(LOOK_EVERY, [driver.socket_of(connection)])
        except ServerError as error:
            _complain(error)
            over = over or is_over(AGAIN_AFTER, [])


def _lock(connection: Any, account: Account) -> None:
    """Take the lock, or see that we still have it."""
    try:
        ownership.lock(connection, account.user)
    except Exception as error:
        if error.args[:1] != (NO_LOCKS,):
            raise


def drop(address: Address, admin: Account, account: Account) -> bool:
    """Drop the account and its database; return whether that was done in time."""
    deadline = time.monotonic() + DROP_WITHIN
    while time.monotonic() < deadline:
        try:
            with accounts.session(address, admin, bounds=BOUNDS) as connection:
                accounts.run(connection, (BRIEF,))
                accounts.drop(connection, account)
        except ServerError as error:
            _complain(error)
            time.sleep(AGAIN_AFTER)
        else:
            return True
    return False


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - who started us waits for it


def _complain(error: Exception) -> None:
    print(error, file=sys.stderr, flush=True)  # noqa: T201 - its log


def _end_of_input() -> Callable[[float, list[Any]], bool]:
    """Return what waits for the end of standard input, or for a signal that asks us to end."""
    asked, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    ends = (0, asked)
    return lambda seconds, others: (
        not {*ends}.isdisjoint(select.select([*ends, *others], [], [], seconds)[0])
    )


def main() -> int:
    """Keep an account until standard input ends, then drop it; return a status for the shell."""
    is_over = _end_of_input()
    told = read_told()
    if not told:
        return 2  # nobody has asked for anything
    task = typed(Task, json.loads(told))
    keep(task.address, task.admin, task.account, is_over)
    return 0 if drop(task.address, task.admin, task.account) else 1


if __name__ == "__main__":
    sys.exit(main())
