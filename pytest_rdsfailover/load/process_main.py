"""A process of a load: it does what its input tells it, and ends with its input."""

import json
import os
import pickle
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.engines import engine
from pytest_rdsfailover.load.processes import Acked, Ended, Failed, LoadOrder, Obeyed
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.load.watchdog import Watchdog
from pytest_rdsfailover.model.errors import RdsFailoverError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Shard:
    """The writers of one process.

    Args:
        order: what they are to do.
    """

    def __init__(self, order: LoadOrder) -> None:
        journal = Journal(order.run, order.writers, order.events)
        self._workload = order.make(journal)
        self._engine = engine(order, self._workload, journal)
        self._watchdog = Watchdog()

    def connect(self, timeout: float) -> Obeyed:
        """Connect all writers."""
        self._watchdog.start()
        self._engine.connect(timeout)
        return Obeyed()

    def begin(self, start: int) -> Obeyed:
        """Let the writers begin at a nanosecond."""
        self._engine.begin(start)
        return Obeyed()

    def acked_since(self, moment: float) -> Acked:
        """Tell how many writers had a write acknowledged that they sent after *moment*."""
        return Acked(acked=self._engine.acked_since(moment))

    def progress(self) -> Progress:
        """Tell what the writers have done so far."""
        return self._engine.progress()

    def stop(self, timeout: float) -> Ended:
        """End all writers; tell what they did, and when this process stood still."""
        self._engine.stop(timeout)
        self._watchdog.stop()
        return Ended(progress=self.progress(), pauses=self._watchdog.pauses)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Do what the questions ask, one after the other, until there are no more."""
    shard: Shard | None = None
    problem = ""
    try:
        sys.path[:] = pickle.load(questions)  # noqa: S301 - our own parent sent it
        shard = Shard(pickle.load(questions))  # noqa: S301
    except Exception as error:  # noqa: BLE001 - it is the answer to every question
        problem = f"a process of the load cannot begin: {error!r}"
    for line in questions:
        answer = Failed(error=problem) if shard is None else _answer(shard, line)
        answers.write(json.dumps(asdict(answer)).encode() + b"\n")
        answers.flush()


def _answer(shard: Shard, line: bytes) -> "DataclassInstance":
    """Return the answer to a question."""
    method, *arguments = json.loads(line)
    try:
        done: DataclassInstance = getattr(shard, method)(*arguments)
        return done  # noqa: TRY300 - beside what stands in its place
    except RdsFailoverError as error:
        return Failed(error=str(error))
    except Exception as error:  # noqa: BLE001 - the parent must learn of it
        return Failed(error=repr(error))


def main() -> None:
    """Serve on standard input and output; what the user's code prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, answers)
    finally:
        # At once: our parent is gone, and threads may hang in the user's code.
        os._exit(0)


if __name__ == "__main__":
    main()
