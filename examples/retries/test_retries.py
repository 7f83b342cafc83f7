"""What the shop's users feel, told apart from what the database did to the shop."""

import pytest
from shop import Shop


@pytest.fixture
def shop(rds_cluster):
    shop = Shop(rds_cluster.writer_endpoint.connect)
    yield shop
    shop.close()


def test_retries_hide_the_failover(rds_trial, rds_cluster, shop):
    trial = rds_trial(
        rds_cluster.writer_endpoint,
        workload=lambda key, attempt: shop.place_order(key, around_each_try=attempt),
        stored=shop.all_references,
        writers=8,
        rate=100,
    )

    trial.expect(refused=0, unknown=0, lost=0, duplicated=0)  # the users: slow, but nothing failed
    assert trial.attempts.retried >= 1  # the database: it did fail, and the shop tried again
    trial.expect(attempts_downtime="< 2s")
