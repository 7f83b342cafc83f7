"""Which server to use: a program that we can start, or one that runs already."""

import os
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_rdsfailover.local.server import dialects
from pytest_rdsfailover.local.server.accounts import Account, Address
from pytest_rdsfailover.local.server.dialects import Dialect
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.mysql.authority import authority_file

VARIABLE = "RDS_SERVER"  # in the environment
SCHEMES = ("mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql")
URL_KEYS = {"ca", "socket"}
MORE_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/mysql/bin")
PROBE_PATIENCE = 20.0  # seconds for `--version`


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProgram:
    """A server that we can start.

    Attributes:
        path: the program.
        dialect: MariaDB or MySQL.
        version: its version, as in `10.11.6`.
    """

    path: Path
    dialect: Dialect
    version: str

    def __str__(self) -> str:
        return f"{self.dialect.name} {self.version} ({self.path})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUrl:
    """A server that runs already.

    Attributes:
        address: where it listens.
        admin: an account that may create databases and users, and end their sessions.
    """

    address: Address
    admin: Account = field(repr=False)

    def __str__(self) -> str:
        return f"the running server at {self.address}"


def find_server(
    setting: str | None, environ: Mapping[str, str] = os.environ
) -> ServerProgram | ServerUrl:
    """Return the server to use: the setting, else `$RDS_SERVER`, else the first one on PATH.

    Args:
        setting: path of a `mysqld` or `mariadbd`, or URL of a running server.
        environ: the environment.

    Raises:
        SettingError: if there is no server, or what was named is none; its text has the remedy.
    """
    named = setting or environ.get(VARIABLE)
    if named is None:
        return _search(environ)
    return parse_url(named) if "://" in named else _probe(_existing(named, environ))


def check_named(named: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raise `SettingError` if there is no such server; nothing is run or reached."""
    if "://" in named:
        parse_url(named)
    else:
        _existing(named, environ)


UNREADABLE = (
    "the server's URL cannot be read; in user and password, write [ ] @ : / ? # as %5B %5D"
    " %40 %3A %2F %3F %23 (percent-encoded), and blanks, control characters and broken ones so, too"
)


def parse_url(text: str) -> ServerUrl:
    """Return what a URL such as `mysql://user:password@host:3306` names.

    `?ca=PATH` verifies the server, `?socket=PATH` reaches it by its unix socket.

    Raises:
        SettingError: if it names no MySQL server; the error does not show the password.
    """
    try:
        url = urllib.parse.urlsplit(text)
        user = urllib.parse.unquote(url.username or "", errors="strict")
        password = urllib.parse.unquote(url.password or "", errors="strict")
    except ValueError:
        raise SettingError(UNREADABLE) from None
    behind = url.path if "@" in url.netloc else url.path + url.query + url.fragment
    # With an @ behind it the host stands there, so the password has ended too early.
    if "@" in behind or url.fragment or " " in text or not (text + user).isprintable():
        raise SettingError(UNREADABLE)
    query = _query(url.query)
    try:
        port = 3306 if url.port is None else url.port
    except ValueError:
        port = 0
    if not port:
        raise SettingError("the port in the server's URL is not a number from 1 to 65535")
    if url.scheme not in SCHEMES or url.username is None:
        raise SettingError(
            "a running server is named as mysql://user:password@host:port, also mariadb://"
        )
    place = Address(
        socket=query.get("socket"),
        host=_host(url.hostname),
        port=port,
        ca=str(authority_file(query["ca"])) if "ca" in query else None,
    )
    return ServerUrl(address=place, admin=Account(user=user, password=password))


def _host(name: str | None) -> str:
    if name is None:
        return "localhost"
    try:
        name.encode("idna")
    except UnicodeError:
        raise SettingError("the host in the server's URL is no name that a host has") from None
    if "/" in urllib.parse.unquote(name):
        raise SettingError("behind @ in the server's URL is a path; write localhost?socket=PATH")
    return name


def _query(text: str) -> dict[str, str]:
    """Return what a URL says behind its `?`; a key that is misspelt must not turn off TLS."""
    pairs = urllib.parse.parse_qsl(text, keep_blank_values=True)
    query = dict(pairs)
    known = query.keys() <= URL_KEYS and len(query) == len(pairs)
    if not known or not all(value and value.isprintable() for value in query.values()):
        raise SettingError(  # what it has instead may be a piece of a password
            "behind its ? the server's URL has what means nothing; write ?ca=PATH or ?socket=PATH"
        )
    return query


def _existing(named: str, environ: Mapping[str, str]) -> Path:
    there = os.path.exists(named)  # noqa: PTH110 - not even if the name is too long does it raise
    if "@" in named or (":" in named and not there):
        raise SettingError(  # without the text, which may hold a password
            "a running server is named as mysql://user:password@host:port, with its mysql://"
        )
    if "\0" in named:
        raise SettingError(f"a path holds no zero byte; {_remedy()}")
    path = shutil.which(Path(named).expanduser(), path=environ.get("PATH"))
    if path is None:
        raise SettingError(f"there is no program {named}; {_remedy()}")
    return Path(path).absolute()


def _search(environ: Mapping[str, str]) -> ServerProgram:
    places = os.pathsep.join((environ.get("PATH", ""), *MORE_PLACES))
    for name in dialects.PROGRAMS:
        path = shutil.which(name, path=places)
        if path:
            return _probe(Path(path).absolute())
    raise SettingError(f"no mysqld or mariadbd is on PATH; {_remedy()}")


def _remedy() -> str:
    install = (
        "brew install mariadb" if sys.platform == "darwin" else "apt-get install mariadb-server"
    )
    return (
        f"install one with `{install}`, or name one with --rds-server=PATH,"
        f" --rds-server=mysql://user:password@host:port, or the variable {VARIABLE}"
    )


def _probe(path: Path) -> ServerProgram:
    try:
        done = subprocess.run(
            [path, "--no-defaults", "--version"],
            capture_output=True,
            text=True,
            timeout=PROBE_PATIENCE,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SettingError(f"{path} cannot be run ({type(error).__name__}); {_remedy()}") from error
    if done.returncode != 0:
        raise SettingError(f"{path} cannot be run (status {done.returncode}); {_remedy()}")
    recognised = dialects.recognise(done.stdout)
    if recognised is None:
        raise SettingError(f"{path} is no MySQL or MariaDB server; {_remedy()}")
    dialect, version = recognised
    if tuple(map(int, version.split("."))) < dialect.oldest:
        oldest = ".".join(map(str, dialect.oldest))
        raise SettingError(f"{path} is {dialect.name} {version}; {oldest} is the oldest that works")
    return ServerProgram(path=path, dialect=dialect, version=version)
