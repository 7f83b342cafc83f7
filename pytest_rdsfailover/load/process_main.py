"""A process of a load: it does what its input tells it, and ends with its input."""

import json
import os
import pickle
import sys
from dataclasses import asdict
from typing import Any, BinaryIO

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.engines import engine
from pytest_rdsfailover.load.processes import LoadOrder
from pytest_rdsfailover.load.watchdog import Watchdog
from pytest_rdsfailover.model.errors import RdsFailoverError


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

    def connect(self, timeout: float) -> dict[str, Any]:
        """Connect all writers."""
        self._watchdog.start()
        self._engine.connect(timeout)
        return {}

    def begin(self, start: int) -> dict[str, Any]:
        """Let the writers begin at a nanosecond."""
        self._engine.begin(start)
        return {}

    def acked_since(self, moment: float) -> dict[str, Any]:
        """Tell how many writers had a write acknowledged that they sent after *moment*."""
        return {"acked": self._engine.acked_since(moment)}

    def progress(self) -> dict[str, Any]:
        """Tell what the writers have done so far."""
        return asdict(self._engine.progress())

    def stop(self, timeout: float) -> dict[str, Any]:
        """End all writers; tell what they did, and when this process stood still."""
        self._engine.stop(timeout)
        self._watchdog.stop()
        return self.progress() | {"pauses": self._watchdog.pauses}


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
        method, *arguments = json.loads(line)
        answer: dict[str, Any]
        if shard is None:
            answer = {"error": problem}
        else:
            try:
                answer = getattr(shard, method)(*arguments)
            except RdsFailoverError as error:
                answer = {"error": str(error)}
            except Exception as error:  # noqa: BLE001 - the parent must learn of it
                answer = {"error": repr(error)}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


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
