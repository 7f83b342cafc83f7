"""The state that a session takes along, whichever database connection it has."""

import functools
import re
from collections.abc import Callable

from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.errands import Row
from pytest_rdsfailover.local.gateway.proxy.state import FOLLOWERS, Values, charset_state, question
from pytest_rdsfailover.mysql.packets import STATUS_AUTOCOMMIT

ONLY_AUTOCOMMIT = re.compile(
    rb".\s*SET\s+(?:SESSION\s+)?autocommit\s*=\s*[01]\s*;?\s*", re.IGNORECASE
)

MAY_NAME_ID = re.compile(rb"\b(?:select|duplicate|returning|update)\b", re.IGNORECASE)


def may_name_id(number: int, message: bytes) -> bool:
    """Tell whether a command may itself name an id that its answer tells.

    Such an id is none that the server has made, so LAST_INSERT_ID() goes on telling the one before.
    """
    return b"%d" % number in message or MAY_NAME_ID.search(message) is not None


class Carried:
    """What one session has set, beyond what a new connection has.

    Attributes:
        schema: the database it uses; None for none.
        insert_id: what LAST_INSERT_ID() tells it.
    """

    __slots__ = ("_explicit", "_values", "insert_id", "schema")

    def __init__(self) -> None:
        self.schema: bytes | None = None
        self.begin(None, None)

    def begin(self, schema: bytes | None, charset: tuple[bytes, bytes] | None) -> None:
        """Forget all but what a login gives: a database, a character set with its collation."""
        self.schema, self.insert_id = schema, 0
        self._values: Values = {} if charset is None else charset_state(*charset)
        self._explicit: tuple[bytes, ...] = ()

    @property
    def sticks(self) -> bool:
        """Tell whether the connection must be reset before another session may use it."""
        return bool(self._explicit)

    def wanted(self, database: Database) -> Values:
        """Return the values that a connection must have for this session."""
        return {**database.baseline, **self._values}

    def learn(
        self, database: Database, message: bytes, status: int, done: Callable[[], None]
    ) -> None:
        """Find out what a command has changed, then call *done*.

        Args:
            database: where it was executed.
            message: the command.
            status: the status flags after it.
            done: is called when it is known.
        """
        if ONLY_AUTOCOMMIT.fullmatch(message):
            on = b"1" if status & STATUS_AUTOCOMMIT else b"0"
            database.state[b"autocommit"] = on
            self._values = _shared(tuple({**self._values, b"autocommit": on}.items()))
            done()
            return
        lowered = message.lower()
        named = tuple(name for name in sorted(FOLLOWERS) if name in lowered)
        names = (*database.setup.names, *(named or self._explicit))

        def learnt(rows: list[Row]) -> None:
            database.learn(rows, names)
            self._take(database, named)
            done()

        database.ask(question(names), learnt)

    def _take(self, database: Database, named: tuple[bytes, ...]) -> None:
        """Keep all values: another connection, or this one after a reset, may begin with others."""
        same_schema = database.schema == self.schema
        self.schema = database.schema
        self._explicit = named or (self._explicit if same_schema else ())
        names = (*database.setup.names, *self._explicit)
        self._values = _shared(tuple((name, database.state.get(name)) for name in names))


@functools.lru_cache(maxsize=1024)  # the states of thousands of clients are alike
def _shared(items: tuple[tuple[bytes, bytes | None], ...]) -> Values:
    return dict(items)
