"""What an error of the workload said when it first came, and where a writer hangs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_rdsfailover.model.records import Fault

HANGS, TEARDOWN, CONTRADICTS = "hangs", "teardown", "contradicts"
HANGING = Fault(0, "timeout")  # of a call of the user's code that has no end
_WRITER = re.compile(r"writer (\d+) is still in the workload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Errors of one kind that writers met, or a writer that never came back from the user's code.

    Attributes:
        error: the name of the exception's class; `refused` or `unknown` for what a program or service
            has told, `hangs` for a writer that hangs, `teardown` for what the user's teardown raised,
            whose class then begins the text, `contradicts` for a program that answered a key twice.
        text: what the first of them said; secrets in it are masked.
        count: how many there were.
        first: when the first of them was met; seconds from the trigger in a `Trial`.
        trace: where it was raised, or where the writer hangs, as Python shows a traceback.
        remedy: what is known to cause such an error, and what to do; empty if nothing is.
    """

    error: str
    text: str
    count: int
    first: float
    trace: str
    remedy: str = ""

    def __str__(self) -> str:
        times = f"{self.count}x " if self.count > 1 else ""
        said = f"{times}{self.error}: {self.text}" if self.text else f"{times}{self.error}"
        return f"{said} ({self.remedy})" if self.remedy else said


def hanging(writer: int) -> str:
    """Return what is said of a writer that hangs."""
    return f"writer {writer} is still in the workload"


def who_hangs(complaints: Iterable[Complaint]) -> frozenset[int]:
    """Return the numbers of the writers that hang in the user's code."""
    said = (_WRITER.match(complaint.text) for complaint in complaints if complaint.error == HANGS)
    return frozenset(int(match[1]) for match in said if match)
