"""Database accounts whose logins need the gateway: those of IAM, and passwords in plain text. No I/O."""

import re
import secrets
from collections.abc import Sequence

from pytest_rdsfailover.local.gateway.table_names import Tables
from pytest_rdsfailover.local.gateway.tls import PasswordKey
from pytest_rdsfailover.mysql.statements import SqlDialect, Statement, statements

PLUGIN = b"AWSAuthenticationPlugin"
IDENTIFIED = re.compile(
    rb"IDENTIFIED\s+WITH\s+(['\"`]?)%s\1(?:\s+AS\s+(['\"])RDS\2)?" % PLUGIN, re.IGNORECASE
)
CHANGES = frozenset((b"CREATE", b"ALTER", b"DROP"))
CONDITIONS = frozenset((b"IF", b"NOT", b"EXISTS"))
LONGEST = 1 << 16  # bytes of a command that is about accounts
QUOTES = b"'\"`"


class Accounts:
    """The accounts of a cluster that its gateway must know.

    The real server lacks AWS's plugin: it has a password for the users of IAM which nobody else knows.

    Attributes:
        key: decrypts the passwords of clients without TLS.
        secure: the way to the server cannot be listened to, so it takes a password as it is.
        password: what the server lets the users of IAM in with.
        columns: the names of the columns of `mysql.user`.
    """

    def __init__(self) -> None:
        self.key = PasswordKey()
        self.secure = False
        self.password = b"Aa1-" + secrets.token_urlsafe(24).encode()
        self.columns: Sequence[bytes] = ()
        self._users: set[bytes] = set()

    def by_token(self, user: bytes) -> bool:
        """Tell whether a user logs in by an IAM token, and by nothing else."""
        return user in self._users

    @property
    def any_by_token(self) -> bool:
        """Tell whether there is a user of IAM."""
        return bool(self._users)

    def in_known_words(self, statement: Statement) -> bytes:
        """Return a statement's text with the password in place of AWS's plugin."""
        if b"USER" not in statement.words[1:4]:
            return statement.sql
        return IDENTIFIED.sub(b"IDENTIFIED BY '%s'" % self.password, statement.sql)

    def carried_out(self, command: bytes, dialect: SqlDialect) -> None:
        """Take a command that the server has carried out: it may have changed accounts."""
        if not (self._users or self.password in command[:LONGEST]):
            return
        if b"USER" in command[:LONGEST].upper():
            for statement in statements(command[1:], dialect):
                if next(iter(statement.words), b"") in CHANGES:
                    self._change(statement)

    def tables(self, sql: bytes) -> Tables:
        """Return what a text is to find in place of `mysql.user`; nothing if it cannot name it."""
        if not self._users or b"mysql" not in sql.lower():
            return {}
        users = b", ".join(b"'%s'" % name for name in sorted(self._users))
        told = {b"plugin": PLUGIN, b"authentication_string": b"RDS"}
        columns = (
            b"IF(User IN (%s), '%s', `%s`) AS `%s`" % (users, told[name.lower()], name, name)
            if name.lower() in told
            else b"`%s`" % name
            for name in self.columns
        )
        return {(b"mysql", b"user"): b"(SELECT %s FROM mysql.user)" % b", ".join(columns)}

    def _change(self, statement: Statement) -> None:
        """Take CREATE, ALTER or DROP USER; other statements have no such word in front."""
        run = statement.tokens
        at = next((at for at, token in enumerate(run[:4]) if token.word == b"USER"), None)
        name, begins = b"", True
        for token in run[at + 1 :] if at else ():
            if begins and token.word not in CONDITIONS:
                name, begins = token.text.strip(QUOTES), False
                if statement.words[0] != b"ALTER":
                    self._users.discard(name)
            elif token.text == b",":
                begins = True
            elif token.word == b"IDENTIFIED":
                self._users.discard(name)
            elif token.text.strip(QUOTES) == self.password:
                self._users.add(name)
