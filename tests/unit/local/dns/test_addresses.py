"""How a cluster's endpoints are called, and where their names lead while the cluster changes."""

import socket
from dataclasses import replace

import pytest
from clocks import SteppingClock
from zones import REPORTS, Cluster

from pytest_rdsfailover.local.dns.addresses import LocalAddresses
from pytest_rdsfailover.local.gateway.views import DeploymentView
from pytest_rdsfailover.local.listeners import Place
from pytest_rdsfailover.model.errors import GatewayError

NAMES = ("cluster", "reader", "proxy", "instance-1", "instance-2")
PLACES = {name: Place(f"127.0.0.{n}", 7000 + n) for n, name in enumerate(NAMES, 2)}
SUFFIX = "-green-abc123"
GUESTS = {f"cluster{SUFFIX}": Place("127.0.0.21", 7021), f"instance-1{SUFFIX}": Place("127.0.0.22", 7022),
          "cluster-old1": Place("127.0.0.23", 7023)}  # fmt: skip
OTHER = "us-west-2"


class Deployed(Cluster):
    """A cluster that may be in a blue/green deployment; counts how often it was looked at."""

    def __init__(self):
        super().__init__()
        self.reader, self.deployment, self.looks = "instance-2", None, 0

    def view(self):
        self.looks += 1
        return replace(super().view(), reader=self.reader, deployment=self.deployment)

    def deploy(self, **state):
        states = {"switched": False, "renamed": False, "removed": False} | state
        self.deployment = DeploymentView(suffix=SUFFIX, status="", **states)


@pytest.fixture
def cluster():
    return Deployed()


@pytest.fixture
def clock():
    return SteppingClock()


@pytest.fixture
def addresses(cluster, clock):
    return LocalAddresses(PLACES, cluster.view, lambda: 5.0, clock, lambda: [REPORTS])


def led(names, endpoint):
    """Return where an endpoint's name leads, by what a driver asks for."""
    (found,) = socket.getaddrinfo(names.host(endpoint), 3306, type=socket.SOCK_STREAM)
    return found[4]


def at(name):
    place = PLACES.get(name) or GUESTS[name]
    return place.host, place.port


def test_without_names_an_endpoint_is_called_by_its_address(addresses):
    assert addresses.called("reader") == ("127.0.0.3", 7003)
    assert addresses.host_ports(["cluster", "proxy"]) == ["127.0.0.2:7002", "127.0.0.4:7004"]
    assert (addresses.region, addresses.hosts, addresses.zone()) == (None, [], None)
    assert (addresses.custom_domain, addresses.global_host) == ("", "")


def test_within_the_block_endpoints_have_names_and_after_it_none(addresses):
    with pytest.raises(ZeroDivisionError), addresses.as_aws("eu-west-1", {}) as names:
        cluster = names.host("cluster")
        assert addresses.called("cluster") == (cluster, 3306)
        assert addresses.host_ports(["cluster"]) == ["127.0.0.2:7002", f"{cluster}:3306"]
        assert (addresses.region, addresses.custom_domain) == ("eu-west-1", names.custom_domain)
        assert addresses.hosts == [*map(names.host, NAMES), f"*.{names.custom_domain}"]
        assert addresses.global_host == ""
        assert len(addresses.zone().hosts_file()) == len(NAMES)
        raise ZeroDivisionError
    assert addresses.called("cluster") == ("127.0.0.2", 7002)
    assert addresses.hosts == []


def test_a_global_database_has_a_name_that_leads_where_its_writer_is(addresses, cluster):
    cluster.dns = "instance-2"
    with addresses.as_aws("eu-west-1", {"instance-2": OTHER}) as names:
        assert addresses.global_host == names.host("global")
        assert addresses.hosts[-1] == names.host("global")
        assert led(names, "global") == at("instance-2")
        assert OTHER in names.host("instance-2")
    with addresses.as_aws("eu-west-1", {}) as names, pytest.raises(socket.gaierror):
        led(names, "global")


def test_moving_names_are_remembered_and_lead_on_after_a_while(addresses, cluster, clock):
    with addresses.as_aws("eu-west-1", {}) as names:
        assert (led(names, "cluster"), led(names, "reader")) == (at("instance-1"), at("instance-2"))
        cluster.dns, cluster.reader = "instance-2", "instance-1"
        assert (led(names, "cluster"), led(names, "reader")) == (at("instance-1"), at("instance-2"))
        clock.sleep(5.0)
        assert (led(names, "cluster"), led(names, "reader")) == (at("instance-2"), at("instance-1"))


def test_instances_and_proxies_stay_and_nobody_is_asked(addresses, cluster):
    with addresses.as_aws("eu-west-1", {}) as names:
        assert [led(names, name) for name in NAMES[2:]] == [at(name) for name in NAMES[2:]]
    assert cluster.looks == 0


def test_a_custom_endpoint_listens_where_it_says(addresses):
    with addresses.as_aws("eu-west-1", {}) as names:
        host = f"reports.{names.custom_domain}"
        (found,) = socket.getaddrinfo(host, 1, type=socket.SOCK_STREAM)
        assert found[4] == (REPORTS.host, REPORTS.port)
        with pytest.raises(socket.gaierror):
            socket.gethostbyname(f"sales.{names.custom_domain}")


def test_guests_are_called_by_their_addresses_for_the_block(addresses):
    green = f"cluster{SUFFIX}"
    with pytest.raises(ZeroDivisionError), addresses.beside(GUESTS):
        assert (addresses.called(green), addresses.called("cluster")) == (at(green), at("cluster"))
        raise ZeroDivisionError
    with pytest.raises(KeyError):
        addresses.called(green)


@pytest.mark.parametrize(
    ("state", "green", "old"),
    [
        ({}, True, False),
        ({"switched": True}, True, True),
        ({"switched": True, "removed": True}, False, True),
    ],
)
def test_guests_have_names_while_dns_has_them(addresses, cluster, state, green, old):
    with addresses.as_aws("eu-west-1", {}) as names, addresses.beside(GUESTS):
        cluster.deploy(**state)
        for name, there in ((f"cluster{SUFFIX}", green), ("cluster-old1", old)):
            if there:
                assert led(names, name) == at(name)
            else:
                with pytest.raises(socket.gaierror) as why:
                    led(names, name)
                assert why.value.errno == socket.EAI_AGAIN


def test_a_name_of_a_guest_is_gone_with_its_deployment_and_with_the_block(addresses, cluster):
    green = f"cluster{SUFFIX}"
    with addresses.as_aws("eu-west-1", {}) as names:
        with addresses.beside(GUESTS):
            cluster.deployment = None
            with pytest.raises(socket.gaierror):
                led(names, green)
        cluster.deploy()
        with pytest.raises(socket.gaierror) as why:
            led(names, green)
        assert why.value.errno == socket.EAI_NONAME
        assert led(names, "cluster") == at("instance-1")


@pytest.mark.parametrize("renamed", [False, True])
def test_a_switchover_leads_the_names_to_what_was_green(addresses, cluster, renamed):
    with addresses.as_aws("eu-west-1", {}) as names, addresses.beside(GUESTS):
        cluster.deploy(switched=True, renamed=renamed)
        green = at(f"instance-1{SUFFIX}")
        assert led(names, "instance-1") == (green if renamed else at("instance-1"))
        assert led(names, "cluster") == (green if renamed else at("instance-1"))
        assert led(names, "proxy") == at("proxy")


def test_a_reader_of_the_old_side_is_known_by_the_name_that_it_had(addresses, cluster):
    cluster.reader = "instance-2-old1"
    with addresses.as_aws("eu-west-1", {}) as names:
        assert led(names, "reader") == at("instance-2")


def test_addresses_of_a_deployment_have_auroras_port_and_others_are_left_to_the_system(addresses):
    def port(host):
        return socket.getaddrinfo(host, 3306, type=socket.SOCK_STREAM)[0][4][1]

    with addresses.as_aws("eu-west-1", {}):
        assert port("127.0.0.2") == 3306
        with addresses.beside(GUESTS):
            assert (port("127.0.0.2"), port("127.0.0.22"), port("127.0.0.99")) == (7002, 7022, 3306)
        assert port("127.0.0.2") == 3306


def test_an_address_that_is_the_only_one_of_all_is_left_to_the_system(cluster, clock):
    places = {name: Place("127.0.0.1", 7000) for name in NAMES}
    addresses = LocalAddresses(places, cluster.view, lambda: 0.0, clock)
    for guest, port in ((places["cluster"], 80), (Place("127.0.0.2", 7001), 7000)):
        with addresses.as_aws("eu-west-1", {}), addresses.beside({"cluster-old1": guest}):
            found = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
            assert found[0][4][1] == port


def test_a_cluster_that_cannot_tell_says_so(addresses, cluster):
    cluster.fails = True
    with addresses.as_aws("eu-west-1", {}) as names:
        with pytest.raises(socket.gaierror, match="does not answer"):
            led(names, "cluster")
        with pytest.raises(GatewayError):
            addresses.zone().hosts_file()
