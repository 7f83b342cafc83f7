"""What usually helps against an error that does not go away after a failover."""

from pytest_rdsfailover.model.records import Fault

CURES = {
    "read-only": (
        "make the pool drop connections on read-only errors (SQLAlchemy: set is_disconnect in"
        " handle_error for 1290 and 1836; Go: rejectReadOnly=true; Connector/J: failover plugin or a"
        " short maxLifetime)"
    ),
    "timeout": (
        "bound every wait with connect and read time-outs of a few seconds, and drop a connection"
        " whose statement timed out"
    ),
    "reset": "drop a connection after an error that says it is lost, and connect anew",
    "refused": "try again with a back-off, and ask DNS again for each new connection",
    "dns": "try again with a back-off, and do not keep the failure of a name in a cache",
}


def cure_of(fault: Fault) -> str:
    """Return what usually helps against a fault."""
    return CURES.get(fault.kind, "see what the errors say; the application has to handle them")
