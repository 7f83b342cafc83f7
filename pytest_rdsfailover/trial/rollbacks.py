"""How often a local server was told to roll back, by whomever: procedures do so unseen by the gateway."""

from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.mysql import driver

BOUNDS = Bounds(connect=2.0, read=2.0, write=2.0)
ASK = "SHOW GLOBAL STATUS LIKE 'Com_rollback'"


def rollbacks(target: Target) -> int | None:
    """Return how many ROLLBACK statements were executed since its server started.

    None if it is a real cluster, of which nobody sees the single statements, or cannot be asked.
    """
    if target.mode != "local":
        return None
    try:
        with (
            driver.connect(target.audit_endpoint(), bounds=BOUNDS) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(ASK)
            return int(cursor.fetchone()[1])
    except Exception as error:
        if driver.fault_of(error).kind == "client":  # not the server's, nor of the way there
            raise
        return None
