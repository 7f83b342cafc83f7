"""Readers that lag: who reads its own write from one does not find it."""

import pytest
from shop import CarefulShop, CarelessShop


@pytest.fixture
def cluster(rds_cluster):
    """The cluster with a table, and with readers that are 200 ms behind."""
    with rds_cluster.writer_endpoint.connect(autocommit=True) as connection:
        connection.cursor().execute("CREATE TABLE orders (ref VARCHAR(64) PRIMARY KEY)")
        rds_cluster.reader_lag("200ms")
        yield rds_cluster
        connection.cursor().execute("DROP TABLE orders")


def test_a_careful_shop_shows_an_order_to_who_has_placed_it(cluster):
    shop = CarefulShop(cluster)
    shop.place("a book")
    assert shop.show("a book") == "a book"


def test_a_careless_shop_does_not_know_what_it_has_just_sold(cluster):
    shop = CarelessShop(cluster)
    shop.place("a book")
    assert shop.show("a book") is None


def test_without_lag_nobody_tells_the_two_apart(cluster):
    cluster.reader_lag("0s")
    shop = CarelessShop(cluster)
    shop.place("a book")
    assert shop.show("a book") == "a book"
