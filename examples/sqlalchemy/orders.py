"""An order service with a pool of SQLAlchemy, and what keeps it from staying with a demoted writer.

As a program it places orders for `rdsfailover trial --exec`: a key a line on standard input, an answer
a line on standard output. Arguments: a dialect, `mysql+pymysql` for example, and a cure.
"""

import asyncio
import os
import sys

from sqlalchemy import NullPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

READ_ONLY = {1290, 1836}  # as what a demoted writer answers to a write
UNREACHABLE = {2002, 2003}  # nothing was sent
# Drivers call their time-outs differently, and most have none unless one is set.
SECONDS = {
    "pymysql": {"connect_timeout": 1, "read_timeout": 2, "write_timeout": 2},
    "mysqldb": {"connect_timeout": 1, "read_timeout": 2, "write_timeout": 2},
    "mariadbconnector": {"connect_timeout": 1, "read_timeout": 2, "write_timeout": 2},
    "mysqlconnector": {"connection_timeout": 1, "read_timeout": 2, "write_timeout": 2},
    "aiomysql": {"connect_timeout": 1},
    "asyncmy": {"connect_timeout": 1, "read_timeout": 2},
}
ASYNCHRONOUS = {"aiomysql", "asyncmy"}
CURES = {
    "none": {},
    "pre_ping": {"pool_pre_ping": True},  # no cure: a reader answers a ping as well as a writer
    "recycle": {"pool_recycle": 1},  # seconds that a connection lives
    "no_pool": {"poolclass": NullPool},  # a connection for each order
    "handle_error": {},
}


def make_engine(url, cure="handle_error", writers=8):
    """Return an engine whose pool has a connection for each writer."""
    pool = {} if cure == "no_pool" else {"pool_size": writers, "max_overflow": 0}
    driver = url.partition("://")[0].partition("+")[2] or "mysqldb"
    make = create_async_engine if driver in ASYNCHRONOUS else create_engine
    engine = make(url, connect_args=SECONDS[driver], **pool, **CURES[cure])
    if cure == "handle_error":
        event.listen(getattr(engine, "sync_engine", engine), "handle_error", drop_readers)
    return engine


def drop_readers(context):
    """Have the pool drop its connections: one of them has met a reader."""
    if number_of(context.original_exception) in READ_ONLY:
        context.is_disconnect = True


def number_of(error):
    """Return MySQL's number of an error; 0 for none."""
    number = getattr(error, "errno", None) or next(iter(error.args), 0)
    return number if isinstance(number, int) else 0


def place(engine, key):
    """Store an order."""
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO orders (ref) VALUES (:ref)"), {"ref": key})


async def place_in_loop(engine, key):
    """Store an order, from a coroutine."""
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO orders (ref) VALUES (:ref)"), {"ref": key})


def answer(place, key):
    """Place an order, and return the line that says what has become of it."""
    try:
        place(key)
    except DBAPIError as error:
        number = number_of(error.orig)
        refused = number in READ_ONLY | UNREACHABLE
        return f"{'refused' if refused else 'unknown'} {key} {number if number in READ_ONLY else 0}"
    return f"ok {key}"


def main(dialect="mysql+pymysql", cure="handle_error"):
    """Place an order for each key."""
    where = os.environ["DATABASE_URL"].partition("://")[2]
    engine = make_engine(f"{dialect}://{where}", cure, writers=1)
    with asyncio.Runner() as loop:
        for line in sys.stdin:
            print(answer(lambda key: run(loop, engine, key), line.strip()), flush=True)


def run(loop, engine, key):
    """Store an order by either kind of engine."""
    if hasattr(engine, "sync_engine"):
        loop.run(place_in_loop(engine, key))
    else:
        place(engine, key)


if __name__ == "__main__":
    main(*sys.argv[1:])
