"""Every hook once, as the project of a web shop may use it."""

import os
import time

from pytest_rdsfailover import Fault, Milestone, Outcome, OwnFault


class OutOfStockError(Exception):
    """The shop's own answer: nothing was ordered, and the database is well."""


def pytest_rdsfailover_before_trial(endpoint):
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS orders (reference VARCHAR(64))")


def pytest_rdsfailover_after_trial(trial):
    trial.expect(stuck_writers=0)  # whatever else the tests of this folder expect


def pytest_rdsfailover_trigger(item, cluster):
    if item.get_closest_marker("network_cut") is None:
        return None  # a failover, as usual
    cut = time.monotonic()
    with item.funcargs["rds_toxiproxy"].down(cluster.writer_endpoint):
        time.sleep(0.3)
    back = Milestone(name="network_back", at=time.monotonic())
    return OwnFault(triggered=cut, profile="network-cut", seen=[back])


def pytest_rdsfailover_classify_error(error):
    if isinstance(error, OutOfStockError):
        return Outcome.REFUSED, Fault(0, "out-of-stock")
    return None  # as usual: by the codes of MySQL


def pytest_rdsfailover_update_json(document):
    document["versions"]["shop"] = "1.4.2"


def pytest_rdsfailover_report_section(document):
    downtimes = [trial["downtime_s"] for trial in document["trials"]]
    # Of the others the clock was unfit.
    measured = [downtime for downtime in downtimes if downtime is not None]
    if not measured:
        return None
    return "service level", [f"longest downtime {max(measured):.1f} s of the 30 s that we promise"]


def pytest_rdsfailover_safety_check():
    return "deployments are frozen" if os.environ.get("SHOP_FROZEN") else None
