"""The tries inside one write that a function of the user's reports: `{"tries": [[BEGAN, ENDED, CODE], ...]}`."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_rdsfailover.load.alignment import DRIFT
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds
from pytest_rdsfailover.model.files import parsed_json
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.model.typed import typed
from pytest_rdsfailover.mysql.driver import KINDS, UNDECIDED

TRIES = "tries"
ROUNDED = SECOND // 1000  # nanoseconds that a program's clock may leave out
HIGHEST_CODE = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWithTries:
    """What of a function's answer is read.

    Attributes:
        tries: when each began and ended on the function's clock, in seconds, and MySQL's error number;
            None if the database has done it.
    """

    tries: Sequence[tuple[float, float, int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldTry:
    """One try.

    Attributes:
        began: on our clock, in nanoseconds.
        ended: likewise.
        outcome: what became of it.
        fault: why it failed; None if it did not.
    """

    began: int
    ended: int
    outcome: Outcome
    fault: Fault | None


def told_tries(payload: bytes, sent: int, answered: int) -> list[ToldTry]:
    """Return what an answer says of tries, if anything; the last one counts as ended with the answer.

    Args:
        payload: what the function returned.
        sent: when it was invoked, on our clock.
        answered: when its answer came.

    Raises:
        ValueError: saying why that cannot be true.
    """
    try:
        answer = parsed_json(payload)
    except ValueError:
        return []
    if not isinstance(answer, dict) or TRIES not in answer:
        return []
    tries = typed(AnswerWithTries, answer, "its answer").tries
    _check(tries, (answered - sent) / SECOND)
    end = tries[-1][1]
    return [
        ToldTry(
            began=max(sent, answered - to_nanoseconds(end - began)),
            ended=max(sent, answered - to_nanoseconds(end - ended)),
            outcome=_outcome(code),
            fault=None if code is None else Fault(code, KINDS.get(code, "server")),
        )
        for began, ended, code in tries
    ]


def _check(tries: Sequence[tuple[float, float, int | None]], took: float) -> None:
    if not tries:
        raise ValueError("it has returned, and tells of no try")
    if any(began > ended for began, ended, _ in tries):
        raise ValueError("a try ended before it began")
    if any(second[0] < first[1] for first, second in pairwise(tries)):
        raise ValueError("a try began before the one before it ended")
    span = tries[-1][1] - tries[0][0]
    if span > took * (1 + DRIFT) + ROUNDED / SECOND:
        raise ValueError(f"its tries take {span:.3f} s, and the invocation took {took:.3f} s")
    for _, _, code in tries:
        if code is not None and not 0 <= code <= HIGHEST_CODE:
            raise ValueError(f"{code} is no error number of MySQL")


def _outcome(code: int | None) -> Outcome:
    if code is None:
        return Outcome.ACKED
    return Outcome.UNKNOWN if code in UNDECIDED else Outcome.REFUSED
