"""The application's own code as the workload: its retries, its connections, its table."""

import pytest
from shop import Shop


@pytest.fixture
def shop(rds_cluster):
    shop = Shop(rds_cluster.writer_endpoint.connect)
    yield shop
    shop.close()


def test_checkout_survives_failover(rds_trial, rds_cluster, shop):
    trial = rds_trial(
        rds_cluster.writer_endpoint,
        workload=lambda key: shop.place_order(reference=key),  # returns = acknowledged
        stored=shop.all_references,  # for the audit
        writers=8,
        rate=100,
    )

    trial.expect(downtime="< 2s", lost=0, duplicated=0, stuck_writers=0)
