"""How `rdsfailover trial` reads the keys back: by a query of the user's, which changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pytest_rdsfailover.local.server import accounts
from pytest_rdsfailover.local.server.accounts import Account, Address, ServerError
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import AuditError, SettingError
from pytest_rdsfailover.mysql.statements import SqlDialect, Token, statements

GetEndpoint = Callable[[], Endpoint]
READS_ONLY = "START TRANSACTION READ ONLY"  # the server refuses what a function in a query changes
QUERIES = frozenset({b"SELECT", b"WITH", b"TABLE", b"VALUES"})
CHANGES = frozenset({b"UPDATE", b"DELETE", b"INTO"})  # after WITH or SELECT
SETS = frozenset({b"UNION", b"INTERSECT", b"EXCEPT"})
HIDING = {
    b"DISTINCT": "leave it out",
    b"DISTINCTROW": "leave it out",
    b"GROUP": "leave GROUP BY out",
    b"HAVING": "leave it out",
    b"LIMIT": "leave it out",
    b"FETCH": "leave FETCH FIRST out",
    **dict.fromkeys(SETS, "write {} ALL"),
}


def check_query(sql: str) -> None:
    """Refuse what cannot tell which keys are stored and how often, before anything is run.

    Raises:
        SettingError: if it is no query, or one that may return fewer rows than are stored.
    """
    found = [statement for statement in statements(sql.encode(), SqlDialect()) if statement.tokens]
    words = list(_outer_words(found[0].tokens)) if len(found) == 1 else []
    if words[:1] == [] or words[0] not in QUERIES or CHANGES & {*words}:
        raise SettingError(
            f"--stored-sql {sql!r} is not one query, and is not run; write a SELECT of the column that"
            " holds the key"
        )
    for word, after in zip(words, [*words[1:], b""], strict=True):
        if word in HIDING and not (word in SETS and after == b"ALL"):
            name = word.decode()
            raise SettingError(
                f"--stored-sql: with {name} not every stored row is returned, so lost and duplicate"
                f" writes cannot be told; {HIDING[word].format(name)}"
            )


def _outer_words(tokens: Sequence[Token]) -> Iterator[bytes]:
    """Yield the words of a query, without those of subqueries, derived tables and functions."""
    depth, before, around = 0, b"", list[bool]()  # of each parenthesis: it stands around a query
    for token in tokens:
        if token.text == b"(":
            around.append(depth == 0 and before in (b"", b"(", b"ALL", *SETS))
            depth += not around[-1]
        elif token.text == b")" and around:
            depth -= not around.pop()
        elif token.word and depth == 0:
            yield token.word
        before = token.word or token.text


class StoredKeys:
    """Reads the keys that are stored by a query of the user's; called, it returns them.

    Args:
        endpoint: returns where the writer can be read.
        query: returns one column, the key of each row; see `check_query`.
    """

    def __init__(self, endpoint: GetEndpoint, query: str) -> None:
        self._endpoint, self._query = endpoint, query

    def __call__(self) -> list[Any]:
        """Return the keys.

        Raises:
            AuditError: if they cannot be read.
        """
        try:
            return [row[0] for row in self._rows()]
        except (ServerError, SettingError) as error:
            raise AuditError(f"--stored-sql: {error}") from error

    def check(self) -> None:
        """Run the query once before anything is written.

        Raises:
            SettingError: if it fails, or returns anything but one column.
        """
        try:
            self._rows()
        except ServerError as error:
            raise SettingError(
                f"--stored-sql: {error}; the table has to be there: start the service first, or make it"
                " by --setup-sql"
            ) from None

    def _rows(self) -> list[Any]:
        rows, columns = ran(self._endpoint(), READS_ONLY, self._query)
        if columns != 1:
            raise SettingError(
                f"--stored-sql returns {columns} columns: write a SELECT of the one that holds the key"
            )
        return rows


def ran(endpoint: Endpoint, *executed: str) -> tuple[list[Any], int]:
    """Execute statements on a connection of their own; return the last one's rows, and how many columns.

    Raises:
        ServerError: if the server cannot be reached or refuses it, in its own words.
    """
    address = Address(host=endpoint.host, port=endpoint.port)
    account = Account(user=endpoint.user, password=endpoint.secret(), database=endpoint.database)
    with accounts.session(address, account) as connection, connection.cursor() as cursor:
        for statement in executed:
            cursor.execute(statement)
        rows = list(cursor.fetchall())
        return rows, len(cursor.description or ())
