"""Which servers and which Toxiproxy the tests run on, and how to get one that is missing."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pytest_rdsfailover.local.server.programs import ServerProgram, find_server
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy
from pytest_rdsfailover.model.errors import SettingError

FETCHED = Path(__file__).parents[2] / ".servers" / "mysql" / "bin" / "mysqld"  # by scripts/test
GO_S_OWN = Path.home() / "go" / "bin" / "server"
REAL_TOXIPROXY = (
    os.environ.get("TOXIPROXY_SERVER")
    or shutil.which("toxiproxy-server")
    or (str(GO_S_OWN) if GO_S_OWN.exists() else "builtin")
)
PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@dataclass(frozen=True)
class Wanted:
    """One kind of server that the tests want: its name, its variable, how to get it."""

    name: str
    variable: str
    program: str
    remedy: str

    def find(self) -> ServerProgram | None:
        """Return it, or None if this machine has none; a variable that names none is an error."""
        named = os.environ.get(self.variable)
        if named:
            return find_server(named)
        for path in (shutil.which(self.program, path=PLACES), str(FETCHED)):
            found = self._of_this_kind(path)
            if found:
                return found
        return None

    def _of_this_kind(self, path: str | None) -> ServerProgram | None:
        try:
            found = find_server(path) if path else None
        except SettingError:
            return None
        return (
            found if isinstance(found, ServerProgram) and self.name == found.dialect.name else None
        )


SERVERS = (
    Wanted(
        "MariaDB",
        "RDS_TEST_MARIADBD",
        "mariadbd",
        "apt-get install mariadb-server, or set RDS_TEST_MARIADBD=/path/to/mariadbd",
    ),
    Wanted(
        "MySQL",
        "RDS_TEST_MYSQLD",
        "mysqld",
        "scripts/fetch-mysql .servers/mysql, or set RDS_TEST_MYSQLD=/path/to/mysqld",
    ),
)
HERE = {wanted.name: program for wanted in SERVERS if (program := wanted.find())}


def network_for(program):
    """Return the built-in Toxiproxy for MariaDB and the real one, where there is one, for MySQL.

    The contract tests hold both against each other, so here each needs to be met only once.
    """
    return find_toxiproxy("builtin" if program.dialect.name == "MariaDB" else REAL_TOXIPROXY)
