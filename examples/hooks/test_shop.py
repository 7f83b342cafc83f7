"""A shop's own code as the workload; the hooks of conftest.py work around it."""

import itertools

import pytest
from conftest import OutOfStockError


@pytest.fixture
def shop(rds_cluster):
    return Shop(rds_cluster)


class Shop:
    """Takes orders, each on a connection of its own; every fiftieth is out of stock."""

    def __init__(self, cluster):
        self.cluster, self.numbers = cluster, itertools.count(1)

    def order(self, reference):
        if next(self.numbers) % 50 == 0:
            raise OutOfStockError
        with self.cluster.writer_endpoint.connect() as connection:
            connection.cursor().execute("INSERT INTO orders VALUES (%s)", (reference,))

    def references(self):
        with self.cluster.audit_endpoint().connect() as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT reference FROM orders")
            return [reference for (reference,) in cursor.fetchall()]


def test_orders_survive_a_failover(rds_trial, rds_cluster, shop):
    trial = rds_trial(
        rds_cluster.writer_endpoint,
        workload=shop.order,
        stored=shop.references,
        calm_errors="5%",  # it is no fault that every fiftieth is out of stock
    )

    assert trial.lost == []
    assert "out-of-stock" in {error.kind for error in trial.errors}


@pytest.mark.network_cut
@pytest.mark.usefixtures("rds_toxiproxy")
def test_orders_survive_a_cut_of_the_network(rds_trial, rds_cluster, shop):
    trial = rds_trial(
        rds_cluster.writer_endpoint,
        workload=shop.order,
        stored=shop.references,
        calm_errors="5%",  # it is no fault that every fiftieth is out of stock
    )

    assert trial.lost == []
    assert trial.writer_before == trial.writer_after
    assert trial.downtime > 0.2
