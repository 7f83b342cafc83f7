from dataclasses import replace

import pytest

from pytest_rdsfailover.analysis.reached import why_unconfirmed, why_untouched
from pytest_rdsfailover.journal.witnessed import Witnessed, since
from pytest_rdsfailover.model.target import Traffic


def told(calm=None, whole=None, **more):
    return Witnessed(
        endpoint="proxy",
        address="127.0.0.1:3306",
        calm=calm,
        calm_at=0.0,
        whole=whole or {},
        **more,
    )


def came(statements=0, marked=0, connections=1, confirmed=0):
    return Traffic(
        connections=connections, statements=statements, marked=marked, confirmed=confirmed
    )


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        ({}, "0 statements came to the proxy endpoint at 127.0.0.1:3306"),
        ({"proxy": came(9)}, "9 statements came"),
        ({"proxy": came(10)}, ""),
        ({"proxy": came(1, marked=1)}, ""),
        ({"cluster": came(50, marked=50)}, "but to others: cluster (50 statements)"),
        ({"cluster": came(50, marked=50), "proxy": came(50, connections=0)}, "but to others"),
        ({"proxy": came(50, marked=50, connections=0)}, ""),  # by connections from before the load
        ({"instance-1": came(50, marked=50), "proxy": came(0, connections=1)}, ""),  # a driver that
        ({"cluster": came(500)}, "0 statements came"),  # others' work elsewhere is no work of ours
    ],
)  # finds its own way to the instances
def test_work_that_never_came_is_told(seen, says):
    reason = why_untouched(told(), seen, acked=100)
    assert bool(reason) is bool(says)
    assert says in reason


def test_where_this_process_was_connected_is_told_with_it():
    reason = why_untouched(told(peers=("10.0.0.7:3306",)), {}, acked=100)
    assert reason.endswith("meanwhile this process was connected to 10.0.0.7:3306")


def test_without_an_acknowledged_write_there_is_nothing_to_doubt():
    assert why_untouched(told(), {}, acked=0) == ""


@pytest.mark.parametrize(
    ("calm", "whole", "missing"),
    [
        (100, 1000, 0),
        (100, 998, 0),
        (100, 997, 3),
        (99, 900, 0),  # a statement carries more than one write: nothing can be compared
        (150, 900, 100),
        (None, 900, 0),
    ],
)
def test_acknowledged_writes_that_the_cluster_never_confirmed_are_told(calm, whole, missing):
    before = None if calm is None else {"proxy": came(confirmed=calm)}
    seen = {"proxy": came(confirmed=whole - 100), "cluster": came(confirmed=100)}
    reason = why_unconfirmed(told(before, seen), calm=100, acked=1000)

    assert bool(reason) is bool(missing)
    assert reason.startswith(f"{missing} of 1000" if missing else "")


def test_counts_are_since_the_load_began_and_nobody_who_looks_sees_nothing():
    before, now = {"proxy": came(5, 2)}, {"proxy": came(9, 3), "reader": came(1)}
    assert since(now, before) == {"proxy": came(4, 1, connections=0), "reader": came(1)}
    assert since(None, before) is None
    assert since(now, None) is None


@pytest.mark.parametrize(
    ("endpoint", "address", "valid"),
    [
        ("cluster", "db.cluster-x.eu-west-1.rds.amazonaws.com:3306", True),
        ("cluster", "127.0.0.2:3306", False),
        ("proxy", "db.proxy-x.eu-west-1.rds.amazonaws.com:3306", False),
    ],
)
def test_a_name_of_the_cluster_leads_to_the_address_of_an_instance(endpoint, address, valid):
    by_name = replace(told(), endpoint=endpoint, address=address)
    seen = {"instance-1": came(50, marked=50)}
    assert (why_untouched(by_name, seen, acked=50) == "") is valid
