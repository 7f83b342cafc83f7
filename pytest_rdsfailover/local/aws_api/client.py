"""The control plane as the test process sees it: another process, started when first needed."""

import contextlib
import http.client
import importlib.metadata
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from pytest_rdsfailover.aws.client import ApiPlace, has_boto3, make_client
from pytest_rdsfailover.local.aws_api.forked import ForkedProcess
from pytest_rdsfailover.local.aws_api.impairment import IMPAIR, Impairment
from pytest_rdsfailover.local.aws_api.shown import UNDO, Shown
from pytest_rdsfailover.local.processes.ports import Port, reserve_port
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.model.errors import (
    GatewayError,
    NotReadyError,
    RdsFailoverError,
    SettingError,
    StoppedError,
)

ANSWERS_WITHIN = 5.0  # seconds for a page that needs no work; a stopped process takes for ever
READY_WITHIN = 20.0  # seconds; moto takes about two to import
NEEDS = ("moto", "flask", "flask_cors")  # the server and what it imports
KEY, SECRET = "local-cluster", "no-secret"  # dummies: no other endpoint accepts them


def can_start() -> bool:
    """Tell whether the extra `aws` is installed, without importing it."""
    return has_boto3() and all(importlib.util.find_spec(name) for name in NEEDS)


class ApiProcess(Protocol):
    """The process of an AWS API, whoever has started it."""

    @property
    def alive(self) -> bool:
        """Tell whether it runs."""

    def check(self) -> None:
        """Raise DiedError if it has ended."""

    def check_moves(self) -> None:
        """Raise DiedError if it has ended, StoppedError if it is stopped; the latter where it is known."""

    def wait_line(self, timeout: float) -> str:
        """Return the first line that it says, which it does once it answers."""

    def kill(self) -> None:
        """End it without asking; wait until it is gone."""


class ControlPlane:
    """The AWS API of one local cluster.

    Args:
        supervisor: starts its process.
        shown: returns what the control plane shows; called at its start, and by `renew`.
        shared: who keeps a fork server for several processes, `SharedMoto.address`; None for nobody.

    Attributes:
        cluster: identifier of the cluster, as AWS' clients name it.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        cluster: str,
        shown: Callable[[], Shown],
        shared: str | None = None,
    ) -> None:
        self.cluster = cluster
        self._supervisor, self._shown, self._shared = supervisor, shown, shared
        self._forked = contextlib.ExitStack()
        self._starting = threading.Lock()
        self._process: ApiProcess | None = None
        self._port: Port | None = None
        self._place: ApiPlace | None = None
        self._ready = False
        self._impairment = Impairment()

    @property
    def version(self) -> str:
        """Return the version of moto."""
        return importlib.metadata.version("moto")

    @property
    def place(self) -> ApiPlace:
        """Return where the control plane answers, and the credentials to use; start it if need be.

        Raises:
            SettingError: if the extra `aws` is not installed.
            NotReadyError: if the control plane does not start.
        """
        place = self._start()
        self._wait()
        return place

    def place_at(self, port: int) -> ApiPlace:
        """Return where clients find the control plane if they ask at a port; starts nothing."""
        return ApiPlace(
            url=f"http://127.0.0.1:{port}", region=self._shown().region, key=KEY, secret=SECRET
        )

    def client(self, service: str, **options: Any) -> Any:
        """Return a new boto3 client of a service of this region, for example `rds`.

        *options* go to `aws.client.make_client`.

        Raises:
            SettingError: if the extra `aws` is not installed.
            NotReadyError: if the control plane does not start.
        """
        # Making it takes as long as the process needs to start.
        client = make_client(self._start(), service, **options)
        self._wait()
        return client

    def environment(self) -> dict[str, str]:
        """Return the variables that lead other AWS clients here, `AWS_ENDPOINT_URL` among them."""
        return self.place.environment()

    @property
    def used(self) -> bool:
        """Tell whether anything was asked of the API so far."""
        return self._ready

    @contextlib.contextmanager
    def impaired(
        self, *, lag: str = "0s", late_events: str = "0s", rate_exceeded: float = 0.0
    ) -> Iterator[None]:
        """Let the API be as late and as busy for the block as AWS' own may be.

        The trigger of a trial is never refused. Blocks are not added up: the inner one counts.

        Args:
            lag: for how long it shows the writer of before, and an instance as restarting, when SQL
                says otherwise already.
            late_events: how long after it happened an event is listed, with its true time.
            rate_exceeded: which share of all calls is refused with `Throttling`, or with
                `ThrottlingException` by services that speak JSON; 0.1 for 10 %.

        Raises:
            SettingError: if a value says nothing.
        """
        before, self._impairment = (
            self._impairment,
            Impairment.parse(lag, late_events, rate_exceeded),
        )
        try:
            self._impair()
            yield
        finally:
            self._impairment = before
            with contextlib.suppress(RdsFailoverError):  # a dead one is told of by `check`
                self._impair()

    def _impair(self) -> None:
        self._start()
        self._wait()
        if self._port is not None:
            _tell(self._port.number, IMPAIR, self._impairment.encode())

    def undo(self) -> None:
        """Undo what was changed through the API; nothing happens if it was never asked.

        Raises:
            GatewayError: if the API process does not answer.
        """
        if self._ready and self._port is not None:
            _tell(self._port.number, UNDO)

    def check(self) -> None:
        """Raise DiedError if the process was started and has ended."""
        if self._process is not None:
            self._process.check()

    def check_moves(self) -> None:
        """Raise DiedError if the process has ended, StoppedError if it is stopped: something has failed."""
        if self._process is not None:
            self._process.check_moves()

    def close(self) -> None:
        """Give the port back; a process of our own ends with its supervisor."""
        self._forked.close()
        if self._port is not None:
            self._port.release()

    def warm(self) -> None:
        """Start the process before there is a cluster: its imports take longest.

        Does nothing if the extra `aws` is not installed.
        """
        if can_start():
            with self._starting:
                self._spawn()

    def _spawn(self) -> int:
        """Start the process, if it is not started, and return its port."""
        if self._port is None or self._process is None:
            self._port = reserve_port()
            self._process = self._spawn_at(self._port.number)
        return self._port.number

    def _spawn_at(self, port: int) -> ApiProcess:
        if self._shared is not None:
            with contextlib.suppress(OSError):  # a worker on another machine finds nobody
                forked = ForkedProcess(self._shared, self._config, port)
                return self._forked.enter_context(contextlib.closing(forked))
        argv = [sys.executable, "-m", "pytest_rdsfailover.local.aws_api.main"]
        return self._supervisor.spawn("control", [*argv, str(self._config), str(port)])

    def _start(self) -> ApiPlace:
        """Start the process, if it is not started; return where it will answer."""
        with self._starting:
            if self._place is None:
                if not can_start():
                    raise SettingError(
                        "the AWS API of a local cluster needs more packages: pip install"
                        " 'pytest-rdsfailover[aws]'"
                    )
                self._place = self._configure()
            return self._place

    def renew(self) -> None:
        """Let the control plane show the cluster under the names that it has from now on."""
        with self._starting:
            # Without the directory the process is gone, too. `check` reports that better.
            if self._place is not None and self._supervisor.directory.exists():
                self._place = self._configure()

    @property
    def _config(self) -> Path:
        return self._supervisor.directory / "control.json"

    def _configure(self) -> ApiPlace:
        """Write what the process shows, at one stroke, to its file, which only we can read."""
        shown, draft = self._shown(), self._config.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(shown.encode())
        draft.rename(self._config)
        return self.place_at(self._spawn())

    def _wait(self) -> None:
        """Wait until the process answers; one that no longer does, or never did, is replaced.

        Raises:
            NotReadyError: if it does not start; who asks next has another one.
        """
        with self._starting:
            if self._process is None or self._port is None:
                return
            if self._ready and self._process.alive and not _answers(self._port.number):
                self._ready = False
                self._process = self._replaced(self._process, self._port.number)
            if not self._ready:
                try:
                    self._process.wait_line(READY_WITHIN)
                except (NotReadyError, StoppedError):
                    if self._process.alive:  # then it hangs, or who should fork it does
                        self._shared = None
                        self._process = self._replaced(self._process, self._port.number)
                    raise
                self._ready = True

    def _replaced(self, process: ApiProcess, port: int) -> ApiProcess:
        """End a process that does not answer; return the one that starts in its place."""
        process.kill()
        return self._spawn_at(port)


def _answers(port: int) -> bool:
    """Tell whether a server answers a request, whatever it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERS_WITHIN)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _tell(port: int, path: str, body: str = "") -> None:
    """Have the process do what no client of AWS can ask for.

    Raises:
        GatewayError: if it does not.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERS_WITHIN)
    try:
        connection.request("POST", path, body)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise GatewayError(f"the AWS API does not answer {path}: {error}") from error
    finally:
        connection.close()
    if status != http.client.NO_CONTENT:
        raise GatewayError(f"the AWS API could not do {path}: status {status}")
