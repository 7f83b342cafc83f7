"""A process of a load: does what it is told on its input, and ends when that ends."""

import json
import os
import pickle
import sys
from typing import Any, BinaryIO

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.engines import engine
from pytest_rdsfailover.load.processes import LoadOrder
from pytest_rdsfailover.load.watchdog import Watchdog
from pytest_rdsfailover.model.errors import RdsFailoverError


class Shard:
    """The writers of one process.

    Args:
        order: what they are told.
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
        """Let them begin at a nanosecond."""
        self._engine.begin(start)
        return {}

    def acked_since(self, moment: float) -> dict[str, Any]:
        """Tell how many of them were served since."""
        return {"acked": self._engine.acked_since(moment)}

    def stop(self, timeout: float) -> dict[str, Any]:
        """End them."""
        self._engine.stop(timeout)
        self._watchdog.stop()
        return {"pauses": self._watchdog.pauses}


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Do what comes in until nothing more can."""
    shard: Shard | None = None
    problem = ""
    try:
        sys.path[:] = pickle.load(questions)  # noqa: S301 - our own parent's
        shard = Shard(pickle.load(questions))  # noqa: S301
    except Exception as error:  # noqa: BLE001 - the answer to the first question
        problem = f"a process of the load cannot begin: {error!r}"
    for line in questions:
        what, *arguments = json.loads(line)
        found: dict[str, Any]
        if shard is None:
            found = {"error": problem}
        else:
            try:
                found = getattr(shard, what)(*arguments)
            except RdsFailoverError as error:
                found = {"error": str(error)}
            except Exception as error:  # noqa: BLE001 - told, as nobody else would
                found = {"error": repr(error)}
        answers.write(json.dumps(found).encode() + b"\n")
        answers.flush()


def main() -> None:
    """Serve on standard input and output; what the user's code prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, answers)
    finally:
        # At once: whoever gave the orders is gone, and threads may hang in the user's code.
        os._exit(0)


if __name__ == "__main__":
    main()
