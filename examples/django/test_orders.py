"""Django's health checks keep a connection that answers pings, although nothing can be written there."""

import pytest
from django.db import connections
from shop.models import Order
from shop.orders import place, place_and_leave_readers

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.rds_profile("stuck-pool"),  # the old writer is back as a reader before DNS flips
]


@pytest.fixture
def trial(rds_trial, rds_cluster):
    """Puts one way to place orders through a failover."""

    def trial(way):
        return rds_trial(
            rds_cluster.writer_endpoint,
            workload=way,
            stored=lambda: list(Order.objects.values_list("ref", flat=True)),
            teardown=connections.close_all,  # of the writer's own thread
            writers=8,
            rate=50,
            bound="3s",
        )

    yield trial
    connections.close_all()  # pytest-django empties the tables on a new one


def test_health_checks_keep_the_demoted_writer(trial):
    trial(place).expect(lost=0, stuck_sessions=">= 1", stuck_writers=">= 1")


def test_who_hangs_up_on_a_reader_is_back(trial):
    trial(place_and_leave_readers).expect(lost=0, stuck_writers=0, downtime="< 4s")
