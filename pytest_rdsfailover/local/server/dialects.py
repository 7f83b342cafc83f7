"""All that differs between MariaDB and Oracle's MySQL as programs; no other file knows."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_rdsfailover.model.errors import SettingError

PROGRAMS = ("mysqld", "mariadbd")  # names, in the order in which they are looked for
# Distributors write more behind it, such as "from Debian for debian-linux-gnu on x86_64".
VERSION = re.compile(r"(?:mysqld|mariadbd)\S*\s+Ver (?P<number>\d+\.\d+\.\d+)")

# Understood by both; `loose` marks what only some versions of either know.
COMMON = (
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=2000",
    "--open-files-limit=8192",
    "--back-log=1000",
    "--max-allowed-packet=64M",
    "--local-infile=ON",
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
    # Aurora acknowledges a write once it is durable; so does this server.
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=64M",
    "--innodb-autoextend-increment=1",
    "--loose-performance-schema=OFF",
    "--loose-innodb-buffer-pool-dump-at-shutdown=OFF",
    "--loose-innodb-buffer-pool-load-at-startup=OFF",
    "--loose-innodb-read-io-threads=1",
    "--loose-innodb-purge-threads=1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind of MySQL-compatible server.

    Attributes:
        name: the name of the product, as its makers write it.
        oldest: the oldest version that this package starts.
        options: what to start it with beside `COMMON`, also while its files are created.
        initialise: returns the command that fills an empty data directory, from the program's
            path, the directory and the options.
        lock_out: statements that remove every account which needs no password.
        disposable: names in the data directory that the server makes anew if they are missing.
    """

    name: str
    oldest: tuple[int, ...]
    options: tuple[str, ...]
    initialise: Callable[[Path, Path, Sequence[str]], list[str]]
    lock_out: tuple[str, ...]
    disposable: tuple[str, ...]


def _install_mariadb(program: Path, directory: Path, options: Sequence[str]) -> list[str]:
    script = _install_script(program)
    return [
        str(script),
        "--no-defaults",
        *_base_directory(script, program),
        f"--datadir={directory}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        *options,
    ]


def _install_script(program: Path) -> Path:
    real = program.resolve()
    roots = [real.parent, *(real.parents[1] / folder for folder in ("bin", "scripts", "sbin"))]
    places = ":".join(map(str, roots))
    for name in ("mariadb-install-db", "mysql_install_db"):
        path = shutil.which(name, path=places) or shutil.which(name)
        if path:
            return Path(path)
    raise SettingError(
        f"{program} cannot be set up: mariadb-install-db is neither beside it nor on PATH;"
        " it comes with `apt-get install mariadb-server` or `brew install mariadb`"
    )


def _base_directory(script: Path, program: Path) -> list[str]:
    """Return the option that makes the script use this program, if one installation has both."""
    root = program.resolve().parents[1]
    return [f"--basedir={root}"] if script.resolve().is_relative_to(root) else []


def _initialise_mysql(program: Path, directory: Path, options: Sequence[str]) -> list[str]:
    return [
        str(program),
        "--no-defaults",
        "--initialize-insecure",
        f"--datadir={directory}",
        *options,
    ]


MARIADB = Dialect(
    name="MariaDB",
    oldest=(10, 4),
    options=("--innodb-data-file-path=ibdata1:4M:autoextend", "--innodb-log-file-size=16M"),
    initialise=_install_mariadb,
    # The installer makes one root account per name of this machine; the names are not known here.
    lock_out=(
        "DELETE FROM mysql.global_priv WHERE User IN ('root', '')",
        "FLUSH PRIVILEGES",
    ),
    disposable=("ib_buffer_pool", "ibtmp1", "multi-master.info"),
)
MYSQL = Dialect(
    name="MySQL",
    oldest=(5, 7),
    options=(
        "--innodb-data-file-path=ibdata1:12M:autoextend",
        "--loose-innodb-redo-log-capacity=32M",
        "--loose-innodb-page-cleaners=1",
        "--loose-mysqlx=OFF",
        "--loose-event-scheduler=OFF",
    ),
    initialise=_initialise_mysql,
    lock_out=("DROP USER IF EXISTS 'root'@'localhost'",),
    # Without auto.cnf each copy gets an identity of its own.
    disposable=(
        "ib_buffer_pool",
        "ibtmp1",
        "#innodb_temp",
        "auto.cnf",
        "#ib_16384_0.dblwr",
        "#ib_16384_1.dblwr",
    ),
)


def recognise(text: str) -> tuple[Dialect, str] | None:
    """Return the dialect and version that a server's `--version` text names; None without any."""
    match = VERSION.search(text)
    if match is None:
        return None
    return (MARIADB if "MariaDB" in text else MYSQL), match["number"]
