"""SQLAlchemy's pool stays with the demoted writer; three cures, and one that is none."""

import pytest
from orders import make_engine, place

WRITERS = 8


@pytest.fixture
def orders(rds_cluster):
    """Makes the table; returns what reads it."""
    endpoint = rds_cluster.writer_endpoint
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE orders (ref VARCHAR(64) PRIMARY KEY)")

    def stored():
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT ref FROM orders")
            return [ref for (ref,) in cursor.fetchall()]

    yield stored
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE orders")


@pytest.fixture
def trial(rds_trial, rds_cluster, orders):
    """Puts a pool with one of the cures through a failover."""

    def trial(cure):
        engine = make_engine(rds_cluster.writer_endpoint.url("mysql+pymysql"), cure, WRITERS)
        try:
            return rds_trial(
                rds_cluster.writer_endpoint,
                workload=lambda key: place(engine, key),
                stored=orders,
                writers=WRITERS,
                rate=50,
                bound="3s",
            )
        finally:
            engine.dispose()

    return trial


@pytest.mark.rds_profile("stuck-pool")  # the old writer is back as a reader before DNS flips
@pytest.mark.parametrize("cure", ["none", "pre_ping"])
def test_the_pool_stays_with_the_demoted_writer(trial, cure):
    trial(cure).expect(lost=0, stuck_sessions=">= 1")


@pytest.mark.rds_profile("stuck-pool")
@pytest.mark.parametrize("cure", ["handle_error", "recycle", "no_pool"])
def test_a_cure_leads_it_to_the_new_writer(trial, cure):
    trial(cure).expect(lost=0, stuck_sessions=0, stuck_writers=0, downtime="< 4s")


@pytest.mark.rds_profile("stuck-pool")
def test_behind_rds_proxy_it_needs_no_cure(rds_trial, rds_cluster, orders):
    endpoint = rds_cluster.proxy_endpoint
    engine = make_engine(endpoint.url("mysql+pymysql"), "none", WRITERS)
    trial = rds_trial(
        endpoint, workload=lambda key: place(engine, key), stored=orders, writers=WRITERS, rate=50
    )
    engine.dispose()

    trial.expect(lost=0, stuck_sessions=0, stuck_writers=0, downtime="< 4s")
