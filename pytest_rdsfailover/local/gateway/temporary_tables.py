"""Which tables of a session are its own and go with it, by what it says of them. No I/O."""

import re

from pytest_rdsfailover.local.gateway.statement_kind import GAP

NAME = rb"(?:(?:`[^`]+`|[\w$]+)\s*\.\s*)?(?P<name>`[^`]+`|[\w$\x80-\xff]+)"
FLAGS = rb"(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|QUICK|IGNORE)\s+)*"
LONGEST = 4096  # bytes of a statement in which a table's name is looked for
MADE = re.compile(
    GAP + rb"CREATE\s+(?:OR\s+REPLACE\s+)?TEMPORARY\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?" + NAME,
    re.IGNORECASE | re.DOTALL,
)
DROPPED = re.compile(
    GAP + rb"DROP\s+(?:TEMPORARY\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?" + NAME,
    re.IGNORECASE | re.DOTALL,
)
WRITTEN = re.compile(
    GAP
    + rb"(?:(?:INSERT|REPLACE)\s+" + FLAGS + rb"(?:INTO\s+)?|UPDATE\s+" + FLAGS
    + rb"|DELETE\s+" + FLAGS + rb"FROM\s+|LOAD\s+DATA\b.*?\bINTO\s+TABLE\s+)" + NAME,
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip


class TemporaryTables:
    """Those that one session has made and not dropped."""

    def __init__(self) -> None:
        self._names: set[bytes] = set()

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._names)

    def take(self, sql: bytes) -> None:
        """Learn of a statement that was answered well."""
        if made := MADE.match(sql, 0, LONGEST):
            self._names.add(_plain(made))
        elif self._names and (dropped := DROPPED.match(sql, 0, LONGEST)):
            self._names.discard(_plain(dropped))

    def holds(self, sql: bytes) -> bool:
        """Tell whether a statement writes into one of them."""
        if not self._names:
            return False
        written = WRITTEN.match(sql, 0, LONGEST)
        return written is not None and _plain(written) in self._names

    def clear(self) -> None:
        """Forget them: the session begins anew."""
        self._names.clear()


def _plain(found: "re.Match[bytes]") -> bytes:
    return found["name"].strip(b"`").lower()
