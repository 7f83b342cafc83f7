"""Everything this package raises or warns of on purpose, apart from assertions.

What a user typed wrong is a `SettingError`, shown by pytest as a usage error before any server
starts. What we could not do is another `RdsFailoverError`, with the evidence. What the database
did wrong is an `AssertionError`; of these only the undecided one has a class here.
"""

from collections.abc import Iterable
from typing import TypeVar

from pytest_rdsfailover.model.records import Fault, Outcome

Kind = TypeVar("Kind", bound=BaseException)


def public(kind: type[Kind]) -> type[Kind]:
    """Let an error have the name by which a test imports it, which pytest shows before its text."""
    kind.__module__ = "pytest_rdsfailover"
    return kind


@public
class RdsFailoverError(Exception):
    """Base of all errors of this package."""


@public
class SettingError(RdsFailoverError, ValueError):
    """An option, marker or argument that cannot be honoured; its text names the remedy."""


@public
class UndecidedError(AssertionError):
    """What was measured does not settle a comparison, so that nothing that rests on it may pass.

    Attributes:
        what: the comparison, or what else would have lost the doubt.
        evidence: lines that say what is known, and what would tell.
    """

    def __init__(self, what: str, *evidence: str) -> None:
        super().__init__(what, *evidence)
        self.what, self.evidence = what, tuple(line for line in evidence if line)

    def __str__(self) -> str:
        return "\n  ".join((self.what, *self.evidence))


@public
class NotReadyError(RdsFailoverError):
    """A server we started did not answer in time, or ended while starting."""

    def __init__(self, what: str, waited: float, last_lines: str = "", why: str = "") -> None:
        super().__init__(what, waited, last_lines, why)
        self.what, self.waited, self.last_lines, self.why = what, waited, last_lines, why

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        return (
            f"{self.what} was not ready after {self.waited:.1f} s{why}{log_tail(self.last_lines)}"
        )


@public
class DiedError(RdsFailoverError):
    """A server of ours ended while it was needed, so that nothing measured since counts."""

    def __init__(self, what: str, status: str, last_lines: str = "") -> None:
        super().__init__(what, status, last_lines)
        self.what, self.status, self.last_lines = what, status, last_lines

    def __str__(self) -> str:
        return f"{self.what} died ({self.status}){log_tail(self.last_lines)}"


@public
class StoppedError(RdsFailoverError):
    """A server of ours was stopped from outside (SIGSTOP) while it was needed, and stays so."""

    def __init__(self, what: str, pid: int, waited: float) -> None:
        super().__init__(what, pid, waited)
        self.what, self.pid, self.waited = what, pid, waited

    def __str__(self) -> str:
        return (
            f"{self.what} stands still: it is stopped (SIGSTOP), and did not go on"
            f" within {self.waited:g} s; find out who stops it (`kill -CONT {self.pid}` lets it go on);"
            " the next test gets another one"
        )


@public
class CancelledWorkError(RdsFailoverError):
    """The user's code was cancelled, which counts as an error of the application."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"{self.what} was cancelled"


@public
class ExitedWorkError(RdsFailoverError):
    """The user's code raised what ends a program or a test, which counts as an error of the application."""

    def __init__(self, what: str, how: str) -> None:
        super().__init__(what, how)
        self.what, self.how = what, how

    def __str__(self) -> str:
        return f"{self.what} ended with {self.how}; raise an error there instead"


@public
class ToldError(RdsFailoverError):
    """A write failed, and who was asked to write has told what became of it.

    Attributes:
        outcome: what may be believed about the write.
        fault: why it failed.
    """

    def __init__(self, outcome: Outcome, fault: Fault, text: str) -> None:
        super().__init__(fault.code, text)
        self.outcome, self.fault, self.text = outcome, fault, text

    def __str__(self) -> str:
        return self.text


class ContradictionError(RdsFailoverError):
    """Who was asked to write has answered a key more than once, so that none of its answers counts.

    Attributes:
        key: the first such key.
        lines: what was said of it.
        count: how many lines too many there were, of this key and others.
    """

    def __init__(self, who: str, key: str, lines: tuple[str, str], count: int) -> None:
        super().__init__(who, key, lines, count)
        self.who, self.key, self.lines, self.count = who, key, lines, count

    def __str__(self) -> str:
        first, second = self.lines
        more = f", and {self.count - 1} such lines more" if self.count > 1 else ""
        return f"{self.who} said {first!r} and later {second!r}{more}; answer each key once"


@public
class CommandError(RdsFailoverError):
    """A program we ran to its end failed."""

    def __init__(self, command: str, status: int, output: str = "") -> None:
        super().__init__(command, status, output)
        self.command, self.status, self.output = command, status, output

    def __str__(self) -> str:
        return f"`{self.command}` failed with status {self.status}{log_tail(self.output)}"


@public
class ToxiproxyError(RdsFailoverError):
    """Toxiproxy refused a request, or could not be asked; `status` is None in the second case."""

    def __init__(self, method: str, path: str, status: int | None, body: str) -> None:
        super().__init__(method, path, status, body)
        self.method, self.path, self.status, self.body = method, path, status, body

    def __str__(self) -> str:
        answer = "could not be asked" if self.status is None else f"answered {self.status}"
        return f"Toxiproxy {answer}: {self.method} {self.path}: {self.body}"


@public
class GatewayError(RdsFailoverError):
    """The gateway refused a command, or could not be asked."""


@public
class NotHereError(RdsFailoverError):
    """What a test asks for cannot be done in this run, as it was started; the test is skipped."""


@public
class AuditError(RdsFailoverError):
    """The stored writes could not be read back, so nothing can be said about lost writes.

    Args:
        text: why not.
        trace: where the code that reads them back hangs, as Python shows a traceback; empty if it
            does not.
    """

    def __init__(self, text: str, trace: str = "") -> None:
        super().__init__(text)
        self.trace = trace


@public
class LeftBehindWarning(UserWarning):
    """A judged trial's clean-up failed: what is still on the database is to be removed by hand."""


@public
class UnaskedFindingWarning(UserWarning):
    """A test passed although a trial found the application broken: nothing in it asked about that."""


@public
class NotResumedWarning(UserWarning):
    """Trials that an interrupted run has finished do not count, because what decides them changed."""


@public
class UnreliableTrialsWarning(UserWarning):
    """Fewer than half of a test's repeated trials have a figure, so they cannot speak for all."""


class ArchiveError(RdsFailoverError):
    """A file is not what it was taken for: a journal, or a result document."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path, self.why = path, why

    def __str__(self) -> str:
        return f"{self.path} {self.why}"


class FileWriteError(RdsFailoverError, OSError):
    """A file that a run or a command should write cannot be written; names it."""

    def __init__(self, path: object, why: Exception) -> None:
        super().__init__(path, why)
        self.path, self.why = path, why

    def __str__(self) -> str:
        why = getattr(self.why, "strerror", None) or self.why
        return f"{self.path} cannot be written: {why}"


class NotWrittenError(FileWriteError):
    """A file of a run is not written, because the run has nothing that could stand in it."""

    def __str__(self) -> str:
        return f"{self.path} is not written: {self.why}"


class NotSavedError(NotWrittenError):
    """A run did not become a baseline, because it would be a worse one than there is."""

    def __str__(self) -> str:
        return f"{self.path} is left as it is: {self.why}; --rds-save-anyway writes it all the same"


def log_tail(lines: str) -> str:
    """Return the end of a log as a paragraph for an error text, or nothing without lines."""
    return f"\nits log ends with:\n{lines}" if lines else ""


def forget_frames(error: BaseException) -> None:
    """Remove the frames of an error, and those of the errors that it came from.

    `pytest -l` prints the local variables of all these frames, secrets among them.
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            waiting += [each.__cause__, each.__context__]


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return a hint for an error text: the known name nearest to an unknown one, if any is near."""
    import difflib  # only who has made a mistake pays for it

    near = difflib.get_close_matches(str(name), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
