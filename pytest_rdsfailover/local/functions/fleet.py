"""The environments of one function: made when they are needed, kept frozen, used again."""

import asyncio
import itertools
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_rdsfailover.local.functions.environment import ExecutionEnvironment
from pytest_rdsfailover.local.functions.runtime_api import Invocation
from pytest_rdsfailover.local.functions.settings import (
    MOST_AT_ONCE,
    FunctionError,
    FunctionSettings,
    InvocationAnswer,
    failed,
)

INIT_WITHIN = 10.0  # seconds that an environment may take before its first invocation
KEPT = 600.0  # seconds for which an environment is kept without an invocation
HANDS = itertools.count(1)


@dataclass
class Concurrency:
    """How many invocations of an account may be on at once.

    Attributes:
        reserved: for how many at most a function has places of its own, by its name.
        running: how many are on, by the name of their function.
    """

    reserved: dict[str, int] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)

    @property
    def unreserved(self) -> int:
        """Return how many functions without places of their own may have together."""
        return MOST_AT_ONCE - sum(self.reserved.values())

    @contextmanager
    def taken(self, name: str) -> Iterator[None]:
        """Take a place for the block.

        Raises:
            FunctionError: if there is none.
        """
        self._check(name)
        self.running[name] = self.running.get(name, 0) + 1
        try:
            yield
        finally:
            self.running[name] -= 1

    def _check(self, name: str) -> None:
        own = self.reserved.get(name)
        if own is not None and self.running.get(name, 0) >= own:
            raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        others = sum(count for other, count in self.running.items() if other not in self.reserved)
        if own is None and others >= self.unreserved:
            raise throttled("ConcurrentInvocationLimitExceeded")


def throttled(reason: str) -> FunctionError:
    """Return the refusal of an invocation that would be one too many."""
    return FunctionError(429, "TooManyRequestsException", "Rate Exceeded.", reason)


class Fleet:
    """One function's environments; used in one event loop.

    Args:
        settings: the function's.
        directory: for what its environments write.
        port: of their Runtime APIs.
        variables: what the environment of every function has.
        concurrency: the account's.

    Attributes:
        settings: as they are now.
    """

    def __init__(
        self,
        settings: FunctionSettings,
        directory: Path,
        port: int,
        variables: Callable[[FunctionSettings], Mapping[str, str]],
        concurrency: Concurrency,
    ) -> None:
        self.settings = settings
        self._directory, self._port, self._variables = directory, port, variables
        self._concurrency = concurrency
        self._idle: list[ExecutionEnvironment] = []
        self._all: dict[ExecutionEnvironment, FunctionSettings] = {}

    @property
    def environments(self) -> list[ExecutionEnvironment]:
        """Return all environments, frozen or not."""
        return list(self._all)

    def change(self, settings: FunctionSettings) -> None:
        """Have other settings from now on; environments that were made by the former are given up."""
        self.settings = settings
        for environment in list(self._idle):
            self._end(environment)
        self._idle.clear()

    def close(self) -> None:
        """End all environments."""
        for environment in self.environments:
            self._end(environment)
        self._idle.clear()

    async def invoke(self, payload: bytes, client_context: str = "") -> InvocationAnswer:
        """Have an invocation done in an environment that is free, or in a new one.

        Raises:
            FunctionError: if there is no place for it.
        """
        request = str(uuid.uuid4())
        with self._concurrency.taken(self.settings.name):
            begun = time.monotonic()
            environment = self._idle.pop() if self._idle else None
            cold = environment is None
            if environment is None:
                environment = await self._made()
                problem = await self._begun(environment, request)
                if problem is not None:
                    return problem
            ready = time.monotonic()
            answer = await self._done(environment, request, payload, client_context)
            return replace(
                answer,
                log=self._report(
                    answer.log, request, time.monotonic() - ready, ready - begun if cold else None
                ),
            )

    async def _made(self) -> ExecutionEnvironment:
        number = next(HANDS)
        address = f"127.77.{number >> 8 & 0xFF}.{number & 0xFF}"
        environment = ExecutionEnvironment(
            address, self._port, self._directory / f"{number}", self._lost
        )
        self._all[environment] = self.settings
        try:
            await environment.start(
                self.settings.handler, self.settings.code, self._variables(self.settings)
            )
        except BaseException:
            self._end(environment)
            raise
        return environment

    async def _begun(
        self, environment: ExecutionEnvironment, request: str
    ) -> InvocationAnswer | None:
        """Wait until an environment can be invoked; return why it cannot, and end it then."""
        within = INIT_WITHIN + self.settings.timeout
        try:
            problem = await asyncio.wait_for(environment.begun(), within)
        except TimeoutError:
            problem = _timed_out(within, request)
        except BaseException:
            self._end(environment)
            raise
        if problem is not None:
            self._end(environment)
        return problem

    async def _done(
        self, environment: ExecutionEnvironment, request: str, payload: bytes, client_context: str
    ) -> InvocationAnswer:
        """Have an invocation done; keep the environment frozen, or end it if it does not come to rest."""
        settings, written = self._all[environment], environment.log_size()
        invocation = Invocation(
            request=request,
            payload=payload,
            arn=settings.arn,
            deadline=int((time.time() + settings.timeout) * 1000),
            client_context=client_context,
        )
        answer, kept = _timed_out(settings.timeout, request), False
        try:
            async with asyncio.timeout(settings.timeout):
                answer = await environment.invoke(invocation)
                kept = await environment.rested()
        except TimeoutError:
            pass
        finally:
            log = environment.log_since(written)
            if kept and self._all.get(environment) is self.settings:
                self._keep(environment)
            else:
                self._end(environment)
        return replace(answer, log=log)

    def _keep(self, environment: ExecutionEnvironment) -> None:
        self._idle.append(environment)
        served = environment.served
        asyncio.get_running_loop().call_later(KEPT, self._expire, environment, served)

    def _expire(self, environment: ExecutionEnvironment, served: int) -> None:
        """Give up an environment that was not used meanwhile."""
        if environment in self._idle and environment.served == served:
            self._idle.remove(environment)
            self._end(environment)

    def _lost(self, environment: ExecutionEnvironment) -> None:
        """Forget an environment that has ended; one that has an invocation is ended after that."""
        if environment in self._idle:
            self._idle.remove(environment)
            self._end(environment)

    def _end(self, environment: ExecutionEnvironment) -> None:
        environment.kill()
        self._all.pop(environment, None)
        shutil.rmtree(environment.directory, ignore_errors=True)

    def _report(self, log: bytes, request: str, took: float, init: float | None) -> bytes:
        """Return a log with the lines that Lambda puts around it."""
        began = "" if init is None else f"\tInit Duration: {init * 1000:.2f} ms"
        return (
            f"START RequestId: {request} Version: $LATEST\n".encode()
            + log
            + f"END RequestId: {request}\nREPORT RequestId: {request}"
            f"\tDuration: {took * 1000:.2f} ms\tMemory Size: {self.settings.memory} MB{began}\n".encode()
        )


def _timed_out(seconds: float, request: str) -> InvocationAnswer:
    return failed("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds", request)
