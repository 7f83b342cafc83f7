"""Which Toxiproxy the tests with clusters run on."""

import os
import shutil
from pathlib import Path

from pytest_rdsfailover.local.network import find_toxiproxy

GO_S_OWN = Path.home() / "go" / "bin" / "server"
REAL_TOXIPROXY = (
    os.environ.get("TOXIPROXY_SERVER")
    or shutil.which("toxiproxy-server")
    or (str(GO_S_OWN) if GO_S_OWN.exists() else "builtin")
)


def network_for(program):
    """Return the built-in Toxiproxy for MariaDB and the real one, where there is one, for MySQL.

    The contract tests hold both against each other, so here each needs to be met only once.
    """
    return find_toxiproxy("builtin" if program.dialect.name == "MariaDB" else REAL_TOXIPROXY)
