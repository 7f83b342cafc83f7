"""One fork server for a whole run: the controller of pytest-xdist keeps it for its workers.

The controller listens. Whoever needs an AWS API asks where the fork server is, and the first who does
has it started (`fork_server.py`). It belongs to the controller, so no worker's end takes it away.
Linux only.
"""

import contextlib
import json
import os
import socket
import sys
import threading
import uuid
from typing import TYPE_CHECKING

from pytest_rdsfailover.local.aws_api.peers import ABSTRACT, peer
from pytest_rdsfailover.model.errors import RdsFailoverError

if TYPE_CHECKING:
    from pytest_rdsfailover.local.processes.process import Process, Supervisor

CAN_SHARE = sys.platform == "linux"
LISTENS_WITHIN = 30.0  # seconds
TAKEN_WITHIN = 5.0  # seconds


class SharedMoto:
    """A fork server that starts when somebody needs it.

    Attributes:
        address: what others need to find it.
    """

    def __init__(self) -> None:
        self.address = f"rdsfailover-{uuid.uuid4().hex}"
        self._supervisor: Supervisor | None = None
        self._process: Process | None = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(ABSTRACT + self.address)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, name="rds-moto", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the fork server and all that it has forked."""
        with contextlib.suppress(OSError):  # closed already
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join()
        self._listener.close()
        if self._supervisor is not None:
            self._supervisor.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(TAKEN_WITHIN)
                if peer(connection).user == os.getuid():
                    connection.sendall(json.dumps(self._answer()).encode())

    def _answer(self) -> dict[str, str]:
        """Return where the fork server listens, or why it does not."""
        try:
            return {"socket": self._running()}
        except RdsFailoverError as error:
            return {"error": str(error)}

    def _running(self) -> str:
        """Return where the fork server listens; start it unless it runs."""
        from pytest_rdsfailover.local.processes.process import Supervisor

        if self._supervisor is None or self._process is None or not self._process.alive:
            if self._supervisor is not None:
                self._supervisor.close()
            self._supervisor = Supervisor()
            module = "pytest_rdsfailover.local.aws_api.fork_server"
            argv = [sys.executable, "-m", module, f"{self._supervisor.directory}/moto.sock"]
            self._process = self._supervisor.spawn("moto", argv)
            self._process.wait_line(LISTENS_WITHIN)
        return f"{self._supervisor.directory}/moto.sock"
