"""A client's session as a witness sees it, whose server answers as it is told."""

import itertools

from pytest_rdsfailover.local.gateway.commits import Commits
from pytest_rdsfailover.local.gateway.session_witness import SessionWitness
from pytest_rdsfailover.mysql.packets import STATUS_AUTOCOMMIT, STATUS_IN_TRANS
from pytest_rdsfailover.mysql.statements import SqlDialect

QUERY, PREPARE, EXECUTE, BULK, PING = b"\x03", b"\x16", b"\x17", b"\xfa", b"\x0e"
RESET, CHANGE_USER = b"\x1f", b"\x11"
INSERT = QUERY + b"INSERT INTO t VALUES ('run-0-%d')"


class Session:
    """A session at an endpoint whose server answers as it is told."""

    def __init__(self, witness, endpoint="cluster"):
        self.times = itertools.count()
        self.commits = Commits(clock=lambda: next(self.times))
        self._witness = SessionWitness(witness.at(endpoint), self.commits)

    def ask(self, message):
        """Send a command that is not answered yet."""
        self._witness.begin(message, SqlDialect(), multi=True)

    def do(self, *messages, error=0, in_transaction=False, changed=True, rows=0, reader=False):
        """Send commands, each answered with an error, or with a transaction open or not."""
        for message in messages:
            self.ask(message)
            status = STATUS_AUTOCOMMIT | (STATUS_IN_TRANS if in_transaction else 0)
            self._witness.answered(error, status, changed=changed, rows=rows, reader=reader)

    def end(self):
        """Lose the connection."""
        self._witness.ended()

    def roll_back(self):
        """Let the gateway end the transaction, and refuse the command."""
        self._witness.rolled_back()

    def begin(self, *messages):
        """Send commands in a transaction that is open after each."""
        self.do(*messages, in_transaction=True)

    def prepare(self, sql, number=b"\x01\x00\x00\x00"):
        self.do(PREPARE + sql)
        self._witness.prepared(number, PREPARE + sql)
        return EXECUTE + number


def seen(witness):
    return witness.tell(b"run")["cluster"]
