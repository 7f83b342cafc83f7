"""A client's session at an instance, which a restart of the engine may keep. No I/O."""

from collections.abc import Sequence

from pytest_rdsfailover.local.gateway.lag.session import LaggedSession
from pytest_rdsfailover.local.gateway.proxy.state import Values, question, setting
from pytest_rdsfailover.local.gateway.roles import Exchange, hidden
from pytest_rdsfailover.mysql.packets import (
    ERR,
    IN_TRANS,
    ProtocolError,
    ServerFault,
    error_packet,
)
from pytest_rdsfailover.mysql.responses import ANEW, Command, Response
from pytest_rdsfailover.mysql.results import parse_row

INTERRUPTED = 1317  # what a statement ends with that an administrator has killed
# As clients of Aurora report it; of a patch it says "Zero Downtime Patch".
ABORTED = error_packet(
    ServerFault(
        1105,
        "HY000",
        "The last transaction was aborted due to Zero Downtime Restart. Please retry.",
    )
)
RESET = Exchange(payload=bytes((Command.RESET_CONNECTION,)), hidden=True)
WORK = frozenset({Command.QUERY, Command.STMT_PREPARE, Command.STMT_EXECUTE})


class KeptSession(LaggedSession):
    """A session that goes through a restart in three steps: `hold`, `renew` and `go_on`.

    Its client's commands wait from the first step to the last.
    """

    _renewal: "Renewal | None" = None
    _cut_short = False  # of what the client's command takes, something was not even sent
    _aborted = False  # the client is still to learn that its transaction is gone
    _told = False  # it has learnt that already

    @property
    def stays(self) -> bool:
        """Tell whether a restart keeps it; Aurora ends those with tables or locks of their own."""
        return self._login.done and not (
            self._witness.owns_tables or self._planner.locks or self._server.asks
        )

    @property
    def settled(self) -> bool:
        """Tell whether nothing of it is on its way."""
        return not (self.busy or self.away or self._plan or self._renewal)

    def hold(self) -> None:
        """Begin nothing more. What is on its way ends with an error if it is interrupted."""
        self.waits = True
        if self._plan:
            self._plan.clear()
            self._cut_short = self._held is None or self._held[0] != ERR
        elif self._plain and self._server.response and not self._server.response.queried:
            self._plain = False  # nothing of its answer has passed: an error can be replaced

    def renew(self, names: tuple[bytes, ...]) -> None:
        """Lose what a restart takes from the session, and keep its database and these variables."""
        self._aborted = bool(self._server.status & IN_TRANS) and not self._told
        self._told = False
        self.forget()
        self._begin_renewal(Renewal(names))
        self._advance()

    def _begin_renewal(self, renewal: "Renewal") -> None:
        self._renewal = renewal
        self._plan.clear()
        self._plan.extend(renewal.exchanges())

    def go_on(self) -> None:
        """Begin the commands that wait."""
        self.waits = False
        self._advance()

    def _begin(self, message: bytes) -> None:
        """Tell the client first that its transaction is gone."""
        told = self._aborted and message[0] in WORK
        if told or message[0] in ANEW:
            self._aborted = False
        if not told:
            super()._begin(message)
            return
        self.answers.tell(ABORTED)

    def _read_row(self, payload: bytes, exchange: Exchange) -> None:
        """Learn what is to be kept."""
        if self._renewal is None:
            super()._read_row(payload, exchange)
        else:
            self._renewal.learn(payload)

    def _end(self, payload: bytes, response: Response, exchange: Exchange) -> None:
        """Take the end of a result, which may be the end of a transaction that is aborted."""
        if self._renewal is not None:
            self._renewed(response, exchange)
            return
        if self.waits and response.error == INTERRUPTED:
            self._told = True
            self._fail(ABORTED)
        elif not (self._cut_short and response.done) or exchange.more:
            super()._end(payload, response, exchange)
        if self._cut_short and response.done:
            self._cut_short, self._held, self._told = False, ABORTED, True

    def _renewed(self, response: Response, exchange: Exchange) -> None:
        """Take the end of one of our own commands."""
        if self._renewal is None or not response.done:
            return
        if response.error == INTERRUPTED and self._renewal.tries:
            # The kill of a statement that had just ended has met the one after it.
            self._begin_renewal(Renewal(self._renewal.names, self._renewal.tries - 1))
            return
        if response.failed:
            raise ProtocolError("a session cannot be kept")
        if exchange is RESET:
            self._witness.begin(RESET.payload, self._planner.dialect, multi=False)
        if not self._plan:
            self._plan.extend(self._renewal.restoring())
        if not self._plan:
            self._renewal = None


class Renewal:
    """How a session is made new, and gets back what it has set.

    Args:
        names: the variables that it gets back.
        tries: how often it may be begun anew.
    """

    def __init__(self, names: tuple[bytes, ...], tries: int = 3) -> None:
        self.names, self.tries = names, tries
        self._states: list[Values] = []  # before the reset, and after it

    def exchanges(self) -> Sequence[Exchange]:
        """Return what makes the session new."""
        ask = hidden(question(self.names))
        return [ask, RESET, ask]

    def learn(self, row: bytes) -> None:
        """Take the answer to one of the two questions."""
        _, *values = parse_row(row)
        self._states.append(dict(zip(self.names, values, strict=True)))

    def restoring(self) -> Sequence[Exchange]:
        """Return what gives the session its variables back; nothing the second time."""
        if not self._states:
            return []
        before, after = self._states
        self._states = []
        change = setting(before, after)
        return [hidden(change)] if change else []
