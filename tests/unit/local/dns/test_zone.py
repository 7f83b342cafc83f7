"""What a name server says of a cluster's names."""

import pytest
from zones import FIRST, HOSTS, NAMES, SECOND, WRITER, Cluster

from pytest_rdsfailover.local.dns.zone import HostAddress, HostAlias, Zone


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def zone(cluster):
    return cluster.zone()


def test_a_cluster_is_an_alias_of_the_instance_that_dns_leads_to_now(zone, cluster):
    assert zone.resolve(WRITER) == (
        HostAlias(WRITER, FIRST, 5),
        HostAddress(FIRST, "127.0.0.11", 5),
    )
    cluster.dns = "instance-2"
    assert zone.resolve(WRITER) == (
        HostAlias(WRITER, SECOND, 5),
        HostAddress(SECOND, "127.0.0.12", 5),
    )


def test_instances_and_proxies_stay_where_they_are(zone):
    proxy = NAMES.host("proxy")
    assert zone.resolve(proxy) == (HostAddress(proxy, "127.0.0.4", 5),)
    assert zone.resolve(f"x.{NAMES.domain}") is None


def test_custom_endpoints_have_addresses_of_their_own(zone):
    name = f"reports.{NAMES.custom_domain}"
    assert zone.resolve(name) == (HostAddress(name, "127.0.0.6", 5),)
    assert zone.resolve(f"sales.{NAMES.custom_domain}") is None


def test_a_hosts_file_says_where_all_names_lead_now(zone, cluster):
    before = zone.hosts_file()
    cluster.dns = "instance-2"

    assert f"127.0.0.11 {WRITER}" in before
    assert f"127.0.0.12 {WRITER}" in zone.hosts_file()
    assert len(before) == len(HOSTS)


def test_the_reader_is_an_alias_of_the_instance_whose_turn_it_is(zone):
    reader = NAMES.host("reader")
    assert zone.resolve(reader) == (
        HostAlias(reader, SECOND, 5),
        HostAddress(SECOND, "127.0.0.12", 5),
    )


def test_an_instance_that_has_no_address_leaves_an_alias_that_leads_nowhere(zone, cluster):
    cluster.dns = "instance-9"
    target = NAMES.host("instance-9")
    assert zone.resolve(WRITER) == (HostAlias(WRITER, target, 5),)
    assert not [line for line in zone.hosts_file() if line.endswith(WRITER)]


def test_what_is_remembered_for_less_than_a_second_is_not_remembered(cluster):
    zone = Zone(NAMES, HOSTS, cluster.view, lambda: 0.9)
    assert zone.resolve(WRITER)[0].ttl == 0
    assert zone.resolve(f"reports.{NAMES.custom_domain}") is None


def test_it_owns_what_is_under_its_domain(zone):
    assert zone.owns(f"x.{NAMES.domain}")
    assert not zone.owns("example.com")
