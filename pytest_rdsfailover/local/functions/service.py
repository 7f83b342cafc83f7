"""Lambda as its callers see it: functions by their names, made, invoked and removed."""

import asyncio
import base64
import hashlib
import importlib.util
import io
import re
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, Unpack

from pytest_rdsfailover.local.functions.fleet import Concurrency, Fleet
from pytest_rdsfailover.local.functions.settings import (
    FunctionChanges,
    FunctionCode,
    FunctionError,
    FunctionSettings,
    InvocationAnswer,
)
from pytest_rdsfailover.local.processes.ports import reserve_port

CLIENT = "awslambdaric"
# What Lambda's runtime has beside Python, as far as it is installed here.
RUNTIME = (
    CLIENT, "runtime_client", "simplejson", "snapshot_restore_py",
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3",
)  # fmt: skip
MOST_UNPACKED = 250 << 20  # bytes of a package
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
T = TypeVar("T")


def can_run() -> bool:
    """Tell whether functions can be run here: AWS's runtime client is installed, and made for Linux."""
    return sys.platform == "linux" and importlib.util.find_spec(CLIENT) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentView:
    """An execution environment as a test sees it.

    Attributes:
        id: its name.
        pid: of its process.
        frozen: whether it is stopped.
        served: how many invocations it has answered.
    """

    id: str
    pid: int
    frozen: bool
    served: int


class LambdaService:
    """All functions of an account in one region. Any thread may call it.

    Args:
        directory: for packages and environments; it ends with the process that has made it.
        region: where it is.
        variables: what the environment of every function has beside its own variables.
    """

    def __init__(self, directory: Path, region: str, variables: Mapping[str, str]) -> None:
        self._directory, self._region, self._given = directory, region, variables
        self._fleets: dict[str, Fleet] = {}
        self._concurrency = Concurrency()
        self._number = 0
        self._later: set[asyncio.Task[InvocationAnswer]] = set()
        self._port = reserve_port()
        self._loop = asyncio.new_event_loop()
        # Environments end with the thread that has started them.
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="rds-lambda", daemon=True
        )
        self._thread.start()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _call(self, function: Callable[[], T]) -> T:
        """Call a function in the loop's thread, which alone changes anything."""

        async def work() -> T:
            return function()

        return self._do(work())

    def create(
        self, name: str, package: bytes, **chosen: Unpack[FunctionChanges]
    ) -> FunctionSettings:
        """Make a function of a package, with chosen settings.

        Raises:
            FunctionError: as Lambda refuses it.
        """
        if not can_run():
            raise _invalid(
                "functions of a local cluster need Linux and one more package: pip install"
                " 'pytest-rdsfailover[lambda]'"
            )
        if not NAME.fullmatch(name):
            raise _invalid(f"{name!r} is no name of a function")
        if name in self._fleets:
            raise FunctionError(409, "ResourceConflictException", f"Function already exist: {name}")
        settings = _checked(
            FunctionSettings(
                name=name, region=self._region, changed=_now(), **self._unpacked(package), **chosen
            )
        )
        self._call(lambda: self._fleets.setdefault(name, self._fleet(settings)))
        return settings

    def _fleet(self, settings: FunctionSettings) -> Fleet:
        directory = self._directory / "environments"
        port = self._port.number
        return Fleet(settings, directory, port, self._variables, self._concurrency)

    def find(self, name: str) -> FunctionSettings:
        """Return the settings of a function."""
        return self._known(name).settings

    def functions(self) -> list[FunctionSettings]:
        """Return the settings of all functions."""
        return [fleet.settings for fleet in list(self._fleets.values())]

    def change(self, name: str, **chosen: Unpack[FunctionChanges]) -> FunctionSettings:
        """Change settings; all environments are given up for it."""
        return self._change(replace(self.find(name), changed=_now(), **chosen))

    def replace_code(self, name: str, package: bytes) -> FunctionSettings:
        """Give a function another package."""
        settings = self.find(name)
        return self._change(replace(settings, changed=_now(), **self._unpacked(package)))

    def _change(self, settings: FunctionSettings) -> FunctionSettings:
        fleet = self._known(_checked(settings).name)
        self._call(lambda: fleet.change(settings))
        return settings

    def delete(self, name: str) -> None:
        """Remove a function and its environments."""
        fleet = self._known(name)
        self._call(fleet.close)
        self._fleets.pop(name, None)
        self._concurrency.reserved.pop(name, None)

    def reserve(self, name: str, count: int | None) -> None:
        """Let a function have so many invocations at once, or as many as all; None for the latter."""
        self._known(name)
        if count is None:
            self._concurrency.reserved.pop(name, None)
        else:
            self._concurrency.reserved[name] = count

    def reserved(self, name: str) -> int | None:
        """Return how many invocations a function may have at once; None for as many as all."""
        self._known(name)
        return self._concurrency.reserved.get(name)

    @property
    def unreserved(self) -> int:
        """Return how many invocations functions without places of their own may have together."""
        return self._concurrency.unreserved

    def invoke(self, name: str, payload: bytes, client_context: str = "") -> InvocationAnswer:
        """Invoke a function and wait for its answer."""
        return self._do(self._known(name).invoke(payload, client_context))

    def invoke_later(self, name: str, payload: bytes) -> None:
        """Invoke a function and wait for nothing; it is not tried again if it fails."""
        fleet = self._known(name)

        def begin() -> None:
            task = self._loop.create_task(fleet.invoke(payload))
            self._later.add(task)
            task.add_done_callback(self._forget)

        self._call(begin)

    def _forget(self, task: "asyncio.Task[InvocationAnswer]") -> None:
        self._later.discard(task)
        if not task.cancelled():
            task.exception()  # nobody waits for it

    def environments(self, name: str) -> list[EnvironmentView]:
        """Return the environments of a function."""
        fleet = self._known(name)
        return self._call(
            lambda: [
                EnvironmentView(
                    id=environment.id,
                    pid=environment.pid,
                    frozen=environment.frozen,
                    served=environment.served,
                )
                for environment in fleet.environments
            ]
        )

    def clear(self) -> None:
        """Remove all functions."""
        for name in list(self._fleets):
            self.delete(name)

    def close(self) -> None:
        """Remove all functions, and serve no more."""
        self.clear()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
        self._port.release()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _known(self, name: str) -> Fleet:
        fleet = self._fleets.get(name)
        if fleet is None:
            raise FunctionError(404, "ResourceNotFoundException", f"Function not found: {name}")
        return fleet

    def _unpacked(self, package: bytes) -> FunctionCode:
        """Unpack a package to a new directory; return what it makes of settings."""
        self._number += 1
        code = self._directory / "code" / str(self._number)
        try:
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                    raise _invalid(f"Unzipped size must be smaller than {MOST_UNPACKED} bytes")
                archive.extractall(code)
        except (zipfile.BadZipFile, OSError, RuntimeError) as error:
            raise _invalid(f"Could not unzip uploaded file: {error}") from error
        sha256 = base64.b64encode(hashlib.sha256(package).digest()).decode()
        return {"code": code, "sha256": sha256, "size": len(package)}

    def _variables(self, settings: FunctionSettings) -> dict[str, str]:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return {
            **self._given,
            **settings.variables,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
            "AWS_LAMBDA_FUNCTION_NAME": settings.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{settings.name}",
            "AWS_REGION": settings.region,
            "LAMBDA_TASK_ROOT": str(settings.code),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(self._runtime()),
            "TZ": ":UTC",
            "_HANDLER": settings.handler,
        }

    def _runtime(self) -> Path:
        """Return a directory that holds what Lambda's runtime has beside Python, and nothing else."""
        runtime = self._directory / "runtime"
        if not runtime.exists():
            runtime.mkdir(parents=True)
            for name in RUNTIME:
                spec = importlib.util.find_spec(name)
                if spec is not None and spec.origin is not None:
                    origin = Path(spec.origin)
                    home = origin.parent if origin.stem == "__init__" else origin
                    (runtime / home.name).symlink_to(home)
        return runtime


def _checked(settings: FunctionSettings) -> FunctionSettings:
    if not settings.runtime.startswith("python3."):
        raise _invalid(f"Runtime {settings.runtime}: a local cluster runs Python's, and no other")
    if not 1 <= settings.timeout <= 900:  # noqa: PLR2004 - as Lambda says
        raise _invalid(f"Timeout {settings.timeout}: from 1 to 900 seconds")
    return settings


def _invalid(message: str) -> FunctionError:
    return FunctionError(400, "InvalidParameterValueException", message)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000+0000}"
