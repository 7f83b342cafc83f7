"""The gateway's program, imported once by each worker of this suite; each gateway is a fork of that.

To import it takes a gateway longer than most tests take.
"""

import multiprocessing
import os
import sys
from multiprocessing.connection import Connection

PROGRAM = "pytest_rdsfailover.local.gateway.main"
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([PROGRAM])
PATIENCE = 10.0  # seconds


class ForkedGateway:
    """A process of the gateway's program, which ends with its standard input.

    Args:
        plant: code that is run before it begins, to plant a fault.
    """

    def __init__(self, plant):
        theirs, self._stdin = os.pipe()
        self._stdout, answers = os.pipe()
        with (
            Connection(theirs, writable=False) as stdin,
            Connection(answers, readable=False) as out,
        ):
            arguments = (plant, stdin, out, dict(os.environ))
            self._process = FORKS.Process(target=become, args=arguments, daemon=True)
            self._process.start()

    @property
    def pid(self):
        return self._process.pid

    def tell(self, line):
        """Write a line to its standard input; return the first one that it says."""
        os.write(self._stdin, f"{line}\n".encode())
        with open(self._stdout, closefd=False) as said:
            return said.readline()

    def release(self):
        """End its standard input; harmless the second time."""
        if self._stdin is not None:
            os.close(self._stdin)
        self._stdin = None

    def terminate(self):
        """Send it SIGTERM."""
        self._process.terminate()

    def wait(self, seconds):
        """Wait until it has ended; return its exit status, None if it has not."""
        self._process.join(seconds)
        return self._process.exitcode

    def close(self):
        """End it, and have nothing left of it."""
        self.release()
        if self.wait(PATIENCE) is None:
            self._process.kill()
            self._process.join()
        os.close(self._stdout)
        self._process.close()


def become(plant, stdin, stdout, environ):
    """Be the gateway, in a fresh fork."""
    for connection, number in ((stdin, 0), (stdout, 1)):
        os.dup2(connection.fileno(), number)
        connection.close()
    os.environ.clear()
    os.environ.update(environ)
    exec(plant, {"__name__": "planted"})
    sys.exit(sys.modules[PROGRAM].main())
