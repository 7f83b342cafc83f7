"""One execution environment: a process with AWS's runtime client, frozen while it has nothing to do.

Each environment asks at a loopback address of its own, all at one port, so that its Runtime API knows
it by that. Between two invocations the process is stopped: its sockets stay open, and it neither reads
nor answers, as AWS does it.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path

from pytest_rdsfailover.local.functions import runtime_api
from pytest_rdsfailover.local.functions.runtime_api import Invocation, RuntimeRequest
from pytest_rdsfailover.local.functions.settings import (
    MOST_ANSWER,
    UNHANDLED,
    InvocationAnswer,
    failed,
)

# The child asks to be killed with its parent, frozen or not, before any code of the user's runs.
MAIN = """
import ctypes, os, runpy, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv.pop(1)): os._exit(1)
sys.path[0] = os.getcwd()
sys.argv[0] = "awslambdaric"
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
"""
BROKEN = (
    asyncio.CancelledError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, OSError,
)  # fmt: skip
LONGEST_LOG = 4096  # bytes of a log that an invoker is shown


class EnvironmentEndedError(Exception):
    """The process of an environment has ended; says how."""


class ExecutionEnvironment:
    """An execution environment; made and used in one event loop, whose thread must live as long.

    Args:
        address: where its Runtime API listens.
        port: the port there.
        directory: its own, for files and its log.
        lost: is called once its process has ended, whoever ended it.

    Attributes:
        id: its name, which no other has.
        served: how many invocations it has answered.
        frozen: whether it is stopped.
        pid: of its process.
        directory: as given.
    """

    def __init__(
        self,
        address: str,
        port: int,
        directory: Path,
        lost: Callable[["ExecutionEnvironment"], None],
    ) -> None:
        self.id, self.served, self.frozen, self.pid = uuid.uuid4().hex, 0, False, 0
        self._address, self._port, self.directory = address, port, directory
        self._lost = lost
        self._log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._server: asyncio.Server | None = None
        self._pidfd = -1
        loop = asyncio.get_running_loop()
        self._jobs: asyncio.Queue[Invocation] = asyncio.Queue()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._idle = asyncio.Event()
        self._request = ""
        self._answer: asyncio.Future[InvocationAnswer] | None = None
        self._init_error: bytes | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self, handler: str, code: Path, variables: Mapping[str, str]) -> None:
        """Start the process; it has not yet asked for anything."""
        self.directory.mkdir(parents=True)
        listener = socket.create_server((self._address, self._port))
        self._server = await asyncio.start_server(self._serve, sock=listener, limit=1 << 20)
        argv = [sys.executable, "-S", "-s", "-c", MAIN, str(os.getpid()), handler]
        where = {
            "AWS_LAMBDA_RUNTIME_API": f"{self._address}:{self._port}",
            "AWS_LAMBDA_LOG_STREAM_NAME": self.id,
            "TMPDIR": str(self.directory),
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it ends with the thread that starts it
                argv, cwd=code, env={**variables, **where},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.pid = self._process.pid
        self._pidfd = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._ended)

    async def begun(self) -> InvocationAnswer | None:
        """Wait until it can be invoked; return None, or why it never will.

        Its process has ended then.
        """
        try:
            await asyncio.shield(self._ready)
        except EnvironmentEndedError as ended:
            if self._init_error is not None:
                return InvocationAnswer(payload=self._init_error, error=UNHANDLED)
            return failed("Runtime.ExitError", f"Runtime exited {ended}")
        return None

    async def invoke(self, invocation: Invocation) -> InvocationAnswer:
        """Have an invocation done; return what came of it, also if the process ends meanwhile."""
        self._answer = asyncio.get_running_loop().create_future()
        self._request = invocation.request
        self._idle.clear()
        self.thaw()
        self._jobs.put_nowait(invocation)
        try:
            answer = await self._answer
        except EnvironmentEndedError as ended:
            return failed("Runtime.ExitError", f"Runtime exited {ended}", invocation.request)
        self.served += 1
        return answer

    async def rested(self) -> bool:
        """Wait until it has asked for its next invocation and is frozen; return False if it has ended."""
        await self._idle.wait()
        return self.alive

    @property
    def alive(self) -> bool:
        """Tell whether its process runs, frozen or not."""
        return self._process is not None and self._process.returncode is None

    def freeze(self) -> None:
        """Stop the process, with all its sockets open."""
        if self.alive and not self.frozen:
            os.kill(self.pid, signal.SIGSTOP)
            # All its threads have stopped when this returns; its end is left to be reaped.
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            self.frozen = True

    def thaw(self) -> None:
        """Let the process go on."""
        if self.alive and self.frozen:
            os.kill(self.pid, signal.SIGCONT)
            self.frozen = False

    def kill(self) -> None:
        """End the process, frozen or not, and its Runtime API; harmless the second time."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            self._process.wait()
            self._ended()

    def log_size(self) -> int:
        """Return how much it has written so far."""
        return self._log.stat().st_size

    def log_since(self, size: int) -> bytes:
        """Return what it has written since then, as much as an invoker is shown; nothing once removed."""
        try:
            with self._log.open("rb") as log:
                log.seek(max(size, self.log_size() - LONGEST_LOG))
                return log.read()
        except FileNotFoundError:
            return b""

    def _ended(self) -> None:
        """Reap the process; tell whoever waits for it."""
        if self._process is None or self._pidfd < 0:
            return
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        status = self._process.wait()
        how = (
            f"with error: signal: {signal.Signals(-status).name}" if status < 0
            else f"with error: exit status {status}"
        )  # fmt: skip
        for waiting in (self._ready, self._answer):
            if waiting is not None and not waiting.done():
                waiting.set_exception(EnvironmentEndedError(how))
                waiting.exception()  # nobody need wait for it
        self._idle.set()
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        self._lost(self)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection of the runtime's, request by request."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: this is one
        self._serving.add(task)
        try:
            while True:
                request = runtime_api.parsed(await reader.readuntil(runtime_api.HEAD_END))
                if request.expects:
                    writer.write(runtime_api.CONTINUE)
                writer.write(await self._answered(request, await _body(request, reader)))
                await writer.drain()
        except BROKEN:
            return
        finally:
            self._serving.discard(task)
            writer.close()

    async def _answered(self, request: RuntimeRequest, body: bytes | None) -> bytes:
        if request.asks_next:
            return (await self._next()).encode()
        if request.tells_init_error:
            self._init_error = body or b"{}"
            return runtime_api.accepted()
        outcome = request.outcome()
        if outcome is None:
            return runtime_api.refused(HTTPStatus.NOT_FOUND, "NotFound", f"no {request.path}")
        return self._told(*outcome, body)

    async def _next(self) -> Invocation:
        """Wait for the next invocation; the process is frozen meanwhile."""
        if not self._ready.done():
            self._ready.set_result(None)
        elif self._jobs.empty():
            self.freeze()
            self._idle.set()
        return await self._jobs.get()

    def _told(self, request: str, error: bool, body: bytes | None) -> bytes:  # noqa: FBT001 - as parsed
        """Take what became of an invocation."""
        if self._answer is None or self._answer.done() or request != self._request:
            return runtime_api.refused(
                HTTPStatus.BAD_REQUEST, "InvalidRequestID", f"no invocation {request} is on"
            )
        if body is None:
            message = f"Response payload size exceeded maximum allowed payload size ({MOST_ANSWER} bytes)."
            self._answer.set_result(failed("Function.ResponseSizeTooLarge", message))
            return runtime_api.refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", message
            )
        self._answer.set_result(InvocationAnswer(payload=body, error=UNHANDLED if error else ""))
        return runtime_api.accepted()


async def _body(request: RuntimeRequest, reader: asyncio.StreamReader) -> bytes | None:
    """Return the body of a request; None if it is larger than an answer of a function may be."""
    if request.is_chunked:
        return await _chunked(reader)
    left, kept = request.length, request.length <= MOST_ANSWER
    pieces = []
    while left:
        piece = await reader.read(min(left, 1 << 16))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        if kept:
            pieces.append(piece)
    return b"".join(pieces) if kept else None


async def _chunked(reader: asyncio.StreamReader) -> bytes | None:
    pieces, size = [], 0
    while length := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        piece = await reader.readexactly(length)
        await reader.readexactly(2)
        size += length
        if size <= MOST_ANSWER:
            pieces.append(piece)
    await reader.readuntil(b"\r\n")
    return b"".join(pieces) if size <= MOST_ANSWER else None
