"""The transaction of one session: what is written in it, saved, rolled back and committed. No I/O."""

from pytest_rdsfailover.local.gateway.statement_kind import Does, Kind, Transacts
from pytest_rdsfailover.local.gateway.witness import Marked, Seen, SeenStatement


class OpenTransaction:
    """What a session has written and not committed.

    Args:
        seen: where it is counted once it is.

    Attributes:
        commits: how many transactions in which something was written were committed so far.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.commits = 0
        self._written: list[SeenStatement] = []
        self._saved: dict[bytes, int] = {}  # how much was written by then, by savepoint

    @property
    def writes(self) -> bool:
        """Tell whether something was written in it."""
        return any(statement.does is Does.WRITES for statement in self._written)

    def write(self, statement: SeenStatement) -> None:
        """Take what a statement wrote."""
        statement.write()
        self._written.append(statement)

    def open_keys(self, marked: Marked | None) -> set[tuple[int, int]]:
        """Return the keys that are written in it."""
        return {key for write in self._written if write.marked is marked for key in write.keys}

    def ask(self, statement: SeenStatement) -> None:
        """Take a good answer to what writes nothing itself: a function in it may."""
        self._written.append(statement)

    def lose(self) -> None:
        """Learn that nobody saw whether it was committed."""
        for statement in self._take():
            statement.lose()

    def turn(self, how: Kind) -> None:
        """Take what a statement does to it."""
        match how.transacts:
            case Transacts.COMMITS:
                self.commit()
            case Transacts.ROLLS_BACK:
                self.roll_back()
            case Transacts.SAVES:
                self._saved[how.name] = len(self._written)
            case Transacts.GOES_BACK:
                del self._written[self._saved.get(how.name, len(self._written)) :]
            case Transacts.PREPARES:
                self._seen.prepared[how.name] = self._take()
            case Transacts.COMMITS_PREPARED:
                self._written += self._seen.prepared.pop(how.name, [])
                self.commit()
            case Transacts.FORGETS_PREPARED:
                self._seen.prepared.pop(how.name, None)
                self.roll_back()

    def settle(self) -> None:
        """Learn that none is open any more, or not yet; a savepoint may be made before the first write."""
        if self._written:
            self.commit()

    def commit(self) -> None:
        """Count all that was written."""
        loads: list[Marked] = []
        written = self._take()
        self.commits += any(statement.does is Does.WRITES for statement in written)
        for statement in written:
            statement.commit()
            if statement.does is not Does.WRITES:
                continue
            if statement.marked is not None and statement.marked not in loads:
                loads.append(statement.marked)
                statement.marked.commits += 1

    def roll_back(self) -> None:
        """Forget what was written."""
        self._take()

    def _take(self) -> list[SeenStatement]:
        written, self._written, self._saved = self._written, [], {}
        return written
