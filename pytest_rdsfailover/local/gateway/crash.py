"""Aurora's statement that crashes an instance, and the script of such a crash. No I/O."""

import re
from collections.abc import Sequence

from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.mysql.packets import ServerFault
from pytest_rdsfailover.mysql.responses import Command

# The statement as Aurora documents it, and nothing around it; no server that we start knows it.
STATEMENT = re.compile(
    rb"\s*ALTER\s+SYSTEM\s+CRASH(\s+(INSTANCE|DISPATCHER|NODE))?\s*;?\s*", re.IGNORECASE
)
LONGEST = 128  # bytes of a text in which it is looked for
NAME = "crash"  # what the script is called
BUSY = ServerFault(1105, "HY000", "a failover is on its way; crash the instance after it")


def is_crash(message: bytes) -> bool:
    """Tell whether a command of a client is the statement."""
    if message[0] != Command.QUERY or len(message) > LONGEST:
        return False
    return STATEMENT.fullmatch(message, 1) is not None


def crash_steps(instance: str, restart: float) -> Sequence[Step]:
    """Return the script: all sessions are cut at once, the instance is back *restart* s later."""
    return [
        Step(at=0.0, action="cut", instance=instance, how="reset"),
        Step(at=restart, action="back", instance=instance),
    ]
