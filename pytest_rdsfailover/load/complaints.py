"""The errors that writers meet, by kind: a count, and of the first one its text and traceback."""

import re
import threading
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_rdsfailover.journal.complaints import HANGS, TEARDOWN, Complaint, hanging
from pytest_rdsfailover.load.sharing import remedy_of, text_of
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.errors import AuditError, ContradictionError, ToldError

MOST_KINDS = 50  # errors whose code is a fresh number each time must not fill the memory
SHORTEST_SECRET = 6  # characters; of a shorter one, half of all texts would be masked
LONGEST_TEXT, LONGEST_TRACE = 500, 4000  # characters
# What stands before a secret in a URL, in a repr and in a connection string.
URL = re.compile(r"(\w://[^\s/:@]*:)[^\s\"']+(?=@)")
NAMED = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key)[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;)&}\]]+)"
)


class Complaints:
    """Collects errors of any number of writers.

    Args:
        secrets: texts that no complaint may show.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
        self._lock = threading.Lock()
        self._found: dict[tuple[str, object], Complaint] = {}

    def note(self, error: BaseException, at: int, *, within: str = "") -> None:
        """Count an error that was met at a nanosecond; keep what the first of its kind said.

        Args:
            error: what was raised.
            at: when.
            within: how to call what no operation raised, as `TEARDOWN`; empty for an operation.
        """
        name, remedy = _name(error), "" if within else remedy_of(error)
        kind = within or name, (name, _code(error), remedy, _place(error))
        text = " ".join(
            filter(None, [f"{name}:" if within == TEARDOWN else "", *text_of(error).split()])
        )
        with self._lock:
            known = self._found.get(kind)
            if known is not None:
                self._found[kind] = replace(known, count=known.count + 1)
            elif within or len(self._found) < MOST_KINDS:
                self._found[kind] = Complaint(
                    error=kind[0],
                    text=self._shown(text, LONGEST_TEXT),
                    count=1,
                    first=to_seconds(at),
                    trace=self._shown("".join(_trace(error)), LONGEST_TRACE),
                    remedy=remedy,
                )

    def hanging(self, writer: int, stack: Sequence[str]) -> None:
        """Note that a writer hangs in the user's code, and where."""
        self._waits(HANGS, writer, hanging(writer), "\n".join(stack))

    def unaudited(self, error: AuditError) -> None:
        """Note where the user's code that reads back the keys hangs, if that is why there is no audit."""
        if error.trace:
            self._waits(type(error).__name__, None, str(error), error.trace)

    def _waits(self, error: str, who: object, text: str, trace: str) -> None:
        complaint = Complaint(
            error=error,
            text=self._shown(text, LONGEST_TEXT),
            count=1,
            first=time.monotonic(),
            trace=self._shown(trace, LONGEST_TRACE),
        )
        with self._lock:
            self._found[error, who] = complaint

    def masked(self, error: BaseException) -> tuple[str, str]:
        """Return what an error says, and where it was raised, without secrets."""
        text = f"{_name(error)}: {text_of(error)}"
        return self._shown(text, LONGEST_TEXT), self._shown("".join(_trace(error)), LONGEST_TRACE)

    def found(self) -> list[Complaint]:
        """Return all so far, the most frequent first."""
        with self._lock:
            return sorted(self._found.values(), key=lambda complaint: -complaint.count)

    def _shown(self, text: str, most: int) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = NAMED.sub(r"\1***", URL.sub(r"\1***", text))
        return text if len(text) <= most else f"… {text[-most:]}"


def merged(parts: Iterable[Complaint]) -> list[Complaint]:
    """Return the complaints of several processes, those of one kind and text as one."""
    found: dict[tuple[str, str], Complaint] = {}
    for part in sorted(parts, key=lambda complaint: complaint.first):
        known = found.get((part.error, part.text))
        count = part.count + (0 if known is None else known.count)
        found[part.error, part.text] = replace(known or part, count=count)
    return sorted(found.values(), key=lambda complaint: -complaint.count)


def _name(error: BaseException) -> str:
    """Return how an error is called: by its class, or by what was told of the write."""
    return error.outcome.name.lower() if isinstance(error, ToldError) else type(error).__name__


def _code(error: BaseException) -> object:
    """Return the number that tells errors of one class apart; None if there is none."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) else None


def _place(error: BaseException) -> object:
    """Return the line that raised an error: it tells errors of one class without a code apart."""
    if _code(error) is not None:
        return None
    last = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        last = frame.f_code.co_filename, line
    return last


def _trace(error: BaseException) -> list[str]:
    """Return the frames that an error went through, without ours around the user's code."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if "pytest_rdsfailover/load/" not in frame.filename]
    if not theirs and isinstance(error, ToldError | ContradictionError):
        return []  # it was told by a program or service, whose lines nobody here knows
    return traceback.format_list(theirs or frames)
