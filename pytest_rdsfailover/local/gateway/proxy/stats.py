"""What a proxy endpoint tells of itself: its figures, and the sessions that it has pinned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStats:
    """The figures of one proxy endpoint, now and since the test began.

    Attributes:
        client_connections: clients that are connected.
        database_connections: connections to the database, those being made included.
        borrowed: how many of these work for a client now, pinned ones included.
        pinned: how many of the borrowed ones a session keeps.
        idle: how many database connections are free to be borrowed.
        waiting: requests that wait for a database connection.
        most_connections: how many database connections there may be to each instance.
        instances: the ids of the instances that these lead to; empty while there is none.
        borrows: how often a database connection was asked for since the test began.
        borrow_timeouts: how often a request waited for one in vain (error 9501).
        longest_wait: the longest that a request has waited for one, in seconds.
        opened: database connections that were made.
        idle_timeouts: clients that the proxy hung up on because they were idle too long.
        aged: clients that it hung up on because they were connected for `max_client_age`.
        cut: clients that lost a statement, a transaction or a pinned session to a failover.
    """

    client_connections: int
    database_connections: int
    borrowed: int
    pinned: int
    idle: int
    waiting: int
    most_connections: int
    instances: tuple[str, ...]
    borrows: int
    borrow_timeouts: int
    longest_wait: float
    opened: int
    idle_timeouts: int
    aged: int
    cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A session that was pinned: from then on it kept its database connection until it ended.

    Attributes:
        session: the connection id that the proxy's greeting gave its client, in PyMySQL
            `connection.thread_id()`.
        user: the session's database user.
        reason: why it was pinned, for example `user variable`.
        statement: the statement that pinned it, at most 200 bytes.
        at: when it was pinned, in monotonic seconds.
        endpoint: `proxy` or `proxy-reader`.
    """

    session: int
    user: str
    reason: str
    statement: str
    at: float
    endpoint: str
