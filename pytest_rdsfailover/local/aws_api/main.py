"""The control plane as a process: `python -m pytest_rdsfailover.local.aws_api.main CONFIG PORT`.

CONFIG is the path of a file that holds what `Shown.encode` returns. Only its owner may read it,
because it holds a password. It may appear after the process has started, so that the slow imports
need not wait for the cluster. It may be replaced later, when the cluster gets other names.

When the process listens on 127.0.0.1:PORT, it prints one line, {"moto": VERSION}. It ends with its
standard input, so that it cannot outlive the process that has started it.
"""

import contextlib
import functools
import gc
import importlib.metadata
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from moto.utilities import utils
from werkzeug.serving import WSGIRequestHandler, make_server

from pytest_rdsfailover.aws.client import ApiPlace
from pytest_rdsfailover.local.aws_api.client import KEY, SECRET
from pytest_rdsfailover.local.aws_api.lambda_calls import LambdaCalls
from pytest_rdsfailover.local.aws_api.passwords import Passwords
from pytest_rdsfailover.local.aws_api.plane import Plane
from pytest_rdsfailover.local.aws_api.sampler import Sampler
from pytest_rdsfailover.local.aws_api.shown import Shown
from pytest_rdsfailover.local.functions.service import LambdaService
from pytest_rdsfailover.local.gateway.client import connect
from pytest_rdsfailover.model.errors import RdsFailoverError

LOOPBACK = "127.0.0.1"
LOOK_EVERY = 0.005  # seconds
USAGE = "usage: python -m pytest_rdsfailover.local.aws_api.main CONFIG PORT"


@functools.cache
def region_maker() -> Callable[..., Any]:
    """Import moto and return the function that makes a region of it.

    None of moto's thousands of objects is garbage, and looking for garbage among them would take a
    third of the import. So the collector rests meanwhile, and never looks at these objects later.
    """
    gc.disable()
    with without_catalogues_of_ec2():
        from pytest_rdsfailover.local.aws_api.region import RegionApplication, read_descriptions

        read_descriptions()
    gc.freeze()
    gc.enable()
    return RegionApplication


@contextlib.contextmanager
def without_catalogues_of_ec2() -> Iterator[None]:
    """Let moto import its EC2, which its RDS needs for networks, without all that EC2 offers.

    Nobody rents machines here, and the lists of them take more memory than a database. Moto also
    asks three times for EC2's regions, and each time botocore reads all operations of EC2 for the
    one word that leads to them: a third of the import's time.
    """
    resources, models = utils.load_resource, Loader.load_service_model

    def load(resource: str) -> Any:
        return ({}, [])["amis" in resource] if resource.startswith("ec2/") else resources(resource)

    def load_model(loader: Loader, service: str, *arguments: Any, **named: Any) -> Any:
        if service == "ec2":
            return {"metadata": {"endpointPrefix": service}}
        return models(loader, service, *arguments, **named)

    utils.load_resource, Loader.load_service_model = load, load_model
    try:
        yield
    finally:
        utils.load_resource, Loader.load_service_model = resources, models


class Handler(WSGIRequestHandler):
    """Keeps connections open between requests, and writes no line for each of them."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None:
        """Write nothing: only errors are worth a line, and those are reported elsewhere."""


def watch() -> None:
    """End the process at the end of its standard input."""
    while os.read(0, 4096):
        pass
    os._exit(0)


class Configuration:
    """The present content of a file that may appear late, and may be replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        while not path.exists():
            time.sleep(LOOK_EVERY)
        self._read()

    def __call__(self) -> Shown:
        """Return what the file says now."""
        if self._path.stat().st_mtime_ns != self._written:
            self._read()
        return self._shown

    def _read(self) -> None:
        self._written = self._path.stat().st_mtime_ns
        self._shown = Shown.decode(self._path.read_text())


def lambda_service(config: Path, shown: Shown, port: str) -> LambdaService:
    """Return the local Lambda, whose functions reach this region only."""
    place = ApiPlace(url=f"http://{LOOPBACK}:{port}", region=shown.region, key=KEY, secret=SECRET)
    return LambdaService(config.parent / "functions", shown.region, place.environment())


def main(arguments: list[str]) -> int:
    """Run the control plane that a configuration file describes; return a status for the shell."""
    if len(arguments) != 2:  # noqa: PLR2004 - as the usage says
        print(USAGE, file=sys.stderr)  # noqa: T201
        return 2
    threading.Thread(target=watch, daemon=True).start()
    region = region_maker()
    try:
        configuration = Configuration(Path(arguments[0]))
        shown = configuration()
        plane = Plane(connect(shown.control), shown)
        passwords = Passwords(connect(shown.control), shown)
        sampler = Sampler(connect(shown.control))
        functions = LambdaCalls(lambda: lambda_service(Path(arguments[0]), shown, arguments[1]))
        application = region(plane, passwords, sampler, configuration, functions)
    except (OSError, KeyError, TypeError, ValueError, RdsFailoverError) as error:
        print(f"the control plane cannot start: {error!r}", file=sys.stderr)  # noqa: T201 - its log
        return 1
    sampler.start()
    server = make_server(
        LOOPBACK, int(arguments[1]), application, threaded=True, request_handler=Handler
    )
    print(json.dumps({"moto": importlib.metadata.version("moto")}), flush=True)  # noqa: T201 - waited for
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
