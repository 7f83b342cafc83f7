"""`rdsfailover doctor`: what a run finds here, what it misses, and the line that installs it."""

import importlib.metadata
import json
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from pytest_rdsfailover.local import network
from pytest_rdsfailover.local.processes import run_directory
from pytest_rdsfailover.local.processes.cache import cache_directory
from pytest_rdsfailover.local.server import programs
from pytest_rdsfailover.local.toxiproxy.program import LOOPBACK, find_toxiproxy
from pytest_rdsfailover.model.errors import SettingError

DISTRIBUTION = "pytest-rdsfailover"
GO_TOXIPROXY = "go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0"
OLDEST_PYTHON = (3, 11)
OK, MISSING, OPTIONAL = "ok", "missing", "optional"
EXTRA = re.compile(r"(?P<name>[A-Za-z0-9_.-]+).*;.*extra\s*==\s*['\"](?P<extra>\w+)['\"]")
UNTOLD = {"dev", "docs", "all"}  # for work on the plugin; what is made of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing that a run may need.

    Attributes:
        what: the name of the thing.
        state: `ok`, `missing` (local runs need it) or `optional` (some runs are better with it).
        detail: what was found, or why it matters.
        remedy: the line that installs it, or what to do; empty if there is nothing to do.
    """

    what: str
    state: str
    detail: str
    remedy: str = ""


def examine() -> list[Requirement]:
    """Return what is here and what is missing; only `--version` of a server is started."""
    return [
        _python(),
        _pytest(),
        _server(),
        _toxiproxy(),
        _addresses(),
        _cache(),
        _memory(),
        *_extras(),
    ]


def lines(findings: list[Requirement]) -> list[str]:
    """Return the findings as lines, each remedy under its finding."""
    shown = []
    for finding in findings:
        shown.append(f"{finding.state:8}  {finding.what}: {finding.detail}")
        if finding.remedy:
            shown.append(f"{'':8}  -> {finding.remedy}")
    return shown


def as_json(findings: list[Requirement]) -> list[str]:
    """Return the findings as the lines of a JSON document, to be pasted into a report of a bug."""
    found = {
        "healthy": is_healthy(findings),
        "requirements": [asdict(finding) for finding in findings],
    }
    return json.dumps(found, indent=2).splitlines()


def is_healthy(findings: list[Requirement]) -> bool:
    """Tell whether local trials can be run."""
    return all(finding.state != MISSING for finding in findings)


def _python() -> Requirement:
    enough = sys.version_info >= OLDEST_PYTHON
    return Requirement(
        what="python",
        state=OK if enough else MISSING,
        detail=f"{platform.python_version()} on {platform.platform()}",
        remedy="" if enough else "install Python 3.11 or newer",
    )


def _pytest() -> Requirement:
    versions = ", ".join(f"{name} {_version(name)}" for name in (DISTRIBUTION, "pytest"))
    return Requirement(what="plugin", state=OK, detail=versions)


def _server() -> Requirement:
    try:
        server = programs.find_server(None)
    except SettingError as error:
        why, _, remedy = str(error).partition("; ")
        return Requirement(what="server", state=MISSING, detail=why, remedy=remedy)
    return Requirement(what="server", state=OK, detail=str(server))


def _toxiproxy() -> Requirement:
    toxiproxy = find_toxiproxy(None)
    if toxiproxy.path is not None:
        return Requirement(what="toxiproxy", state=OK, detail=toxiproxy.path)
    return Requirement(
        what="toxiproxy",
        state=OPTIONAL,
        detail="no toxiproxy-server on PATH, so the built-in server stands in",
        remedy=f"{GO_TOXIPROXY}, and name the program with --rds-toxiproxy",
    )


def _addresses() -> Requirement:
    names = ["instance-1", "instance-2", *network.FIXED_HOSTS]
    hosts = network.hosts(names)
    if set(hosts.values()) != {LOOPBACK}:
        detail = "one for each endpoint, as AWS has one host name for each"
        return Requirement(what="loopback addresses", state=OK, detail=detail)
    aliases = [f"127.0.0.{network.FIRST_INSTANCE + n}" for n in range(2)]
    aliases += network.FIXED_HOSTS.values()
    return Requirement(
        what="loopback addresses",
        state=OPTIONAL,
        detail="127.0.0.1 only, so endpoints differ by their ports",
        remedy=" && ".join(f"sudo ifconfig lo0 alias {host}" for host in aliases),
    )


def _cache() -> Requirement:
    try:
        path = cache_directory(os.environ)
    except SettingError as error:
        why, _, remedy = str(error).partition("; ")
        return Requirement(what="cache directory", state=MISSING, detail=why, remedy=remedy)
    return Requirement(what="cache directory", state=OK, detail=str(path))


def _memory() -> Requirement:
    if run_directory.bases()[0] == run_directory.MEMORY:
        return Requirement(
            what="run directory", state=OK, detail=f"in memory ({run_directory.MEMORY})"
        )
    return Requirement(
        what="run directory",
        state=OPTIONAL,
        detail="on a disk, whose flushes may look like outages of some 100 ms",
        remedy="mount -t tmpfs tmpfs /dev/shm" if sys.platform == "linux" else "",
    )


def _extras() -> Iterator[Requirement]:
    """Yield for each extra of the package whether all packages that it names are installed."""
    extras: dict[str, list[str]] = {}
    for line in importlib.metadata.requires(DISTRIBUTION) or []:
        match = EXTRA.match(line)
        if match is not None and match["extra"] not in UNTOLD:
            name = re.split(r"[\[<>=!~ ]", match["name"])[0]
            extras.setdefault(match["extra"], []).append(name)
    for extra, names in extras.items():
        absent = [name for name in names if not _version(name)]
        yield Requirement(
            what=f"extra {extra}",
            state=OPTIONAL if absent else OK,
            detail=f"{', '.join(absent)} not installed" if absent
            else ", ".join(f"{name} {_version(name)}" for name in names),
            remedy=f"pip install '{DISTRIBUTION}[{extra}]'" if absent else "",
        )  # fmt: skip


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
