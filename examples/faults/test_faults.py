"""What a database does to its clients without any failover: each fault finds the careless one."""

import time

import pytest
from orders import Careful, Careless

from pytest_rdsfailover import InvalidTrialError

FAULTS = {
    "too_many_connections": {"lost": 0},
    "disk_full": {"lost": 0},
    "slow_commits": {"lost": 0, "duplicated": 0},
    "lock_storm": {"lost": 0, "duplicated": 0},
    "secret_rotation": {"lost": 0, "refused": 0},
    "zone_cut": {"lost": 0, "writer_outage": "< 4s"},
}
WORDS = {"slow_commits": ["400ms"], "lock_storm": ["orders"]}


@pytest.fixture
def orders(rds_cluster):
    """Makes the table; returns what reads it."""

    def run(sql):
        with rds_cluster.writer_endpoint.connect(autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall()

    run("CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, ref VARCHAR(64))")
    yield lambda: [ref for (ref,) in run("SELECT ref FROM orders")]
    run("DROP TABLE orders")


@pytest.fixture
def meet(rds_load, rds_cluster, rds_faults, orders):
    """Has a client meet a fault, for a second and a half; returns the trial."""

    def meet(client, name):
        words = WORDS.get(name, [])
        if name == "zone_cut":
            words = [rds_cluster.writer_endpoint, 1.0]
        with (
            rds_load(
                rds_cluster.writer_endpoint,
                workload=client.place,
                stored=orders,
                writers=4,
                rate=40,
            ) as load,
            getattr(rds_faults, name)(*words),
        ):
            time.sleep(1.5)
        return load.trial

    return meet


@pytest.mark.parametrize("name", FAULTS)
def test_a_careful_client_keeps_its_promises(meet, rds_cluster, name):
    meet(Careful(rds_cluster), name).expect(**FAULTS[name])


@pytest.mark.parametrize("name", FAULTS)
def test_a_careless_client_is_found_out(meet, rds_cluster, name):
    # A client that confirms what it did not store makes a trial that proves nothing, whatever is expected.
    with pytest.raises((AssertionError, InvalidTrialError)):
        meet(Careless(rds_cluster), name).expect(**FAULTS[name])
