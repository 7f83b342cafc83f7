"""Faults end with their block, or with the test at the latest; Toxiproxy and gateway are stand-ins."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from clocks import SteppingClock

from pytest_rdsfailover.local import database_faults, listeners
from pytest_rdsfailover.local import network as network_module
from pytest_rdsfailover.local.database_faults import DatabaseFaults
from pytest_rdsfailover.local.gateway.messages import FaultSettings
from pytest_rdsfailover.local.listeners import ARMED, FIRST_GUEST, Listeners, Place
from pytest_rdsfailover.local.network import Faults, Network, hosts
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.toxiproxy.client import ToxiproxyClient
from pytest_rdsfailover.local.trigger import DirectTrigger
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import (
    DiedError,
    NotReadyError,
    SettingError,
    ToxiproxyError,
)

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)
LATENCY = {"name": "latency_downstream", "type": "latency", "stream": "downstream",
           "toxicity": 1.0, "attributes": {"latency": 100, "jitter": 0}}  # fmt: skip


class Api:
    """Toxiproxy's API: answers what it is told, and notes what it was asked."""

    url = "http://127.0.0.1:8474"

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def call(self, method, path, body=None):
        self.asked.append((method, path, body))
        answer = self.answers.get(method)
        if isinstance(answer, Exception):
            raise answer
        return answer

    json = call


def client(**answers):
    made = ToxiproxyClient(Api.url)
    made._api = Api(**answers)
    return made, made._api.asked


PROXY = {"name": "a", "listen": "h:1", "upstream": "h:2", "enabled": True}


def test_a_proxy_that_is_down_for_a_block_is_up_after_it_whatever_happened():
    toxiproxy, asked = client(PATCH=PROXY)
    with pytest.raises(ZeroDivisionError), toxiproxy.down("x-a/b"):
        assert asked == [("PATCH", "/proxies/x-a%2Fb", {"enabled": False})]
        raise ZeroDivisionError
    assert asked[1:] == [("PATCH", "/proxies/x-a%2Fb", {"enabled": True})]


def test_a_proxy_that_a_user_takes_down_knows_its_state():
    toxiproxy, asked = client(PATCH=PROXY | {"enabled": False}, GET=PROXY)
    proxy = toxiproxy.proxy("a")
    with proxy.down() as same:
        assert same is proxy
        assert not proxy.enabled
    assert proxy.enabled
    proxy.disable()
    assert (proxy.enabled, asked[-1]) == (False, ("PATCH", "/proxies/a", {"enabled": False}))


def test_only_what_is_given_is_changed():
    toxiproxy, asked = client(PATCH=PROXY)
    toxiproxy.update("a", upstream="h:9")
    assert asked == [("PATCH", "/proxies/a", {"upstream": "h:9"})]


def test_a_toxic_ends_with_its_block_and_may_have_ended_before():
    toxiproxy, asked = client(POST=LATENCY)
    with toxiproxy.toxic("a", type="latency", attributes={"latency": 100}) as toxic:
        assert (toxic.proxy, toxic.name) == ("a", "latency_downstream")
    assert [step[0] for step in asked] == ["POST", "DELETE"]
    assert asked[0][2] == LATENCY | {"attributes": {"latency": 100}}

    gone, _ = client(POST=LATENCY, DELETE=ToxiproxyError("DELETE", "/", 404, "toxic not found"))
    with gone.toxic("a", type="latency"):
        pass
    broken, _ = client(POST=LATENCY, DELETE=ToxiproxyError("GET", "/", 500, "no"))
    with pytest.raises(ToxiproxyError), broken.toxic("a", type="latency"):
        pass


def test_an_attribute_that_the_server_would_ignore_is_refused_and_its_toxic_removed():
    toxiproxy, asked = client(POST=LATENCY, PATCH=LATENCY)
    with pytest.raises(SettingError, match="no attribute 'late'; it has jitter, latency"):
        toxiproxy.add_toxic("a", type="latency", attributes={"late": 1})
    assert asked[-1] == ("DELETE", "/proxies/a/toxics/latency_downstream", None)
    with pytest.raises(SettingError, match="'late'"):
        toxiproxy.update_toxic("a", "b", attributes={"late": 1})
    assert toxiproxy.update_toxic("a", "b", toxicity=0.5).name == "latency_downstream"
    assert asked[-1] == ("PATCH", "/proxies/a/toxics/b", {"toxicity": 0.5})


@pytest.mark.parametrize(
    ("answer", "runs"),
    [({"version": "2.12.0"}, True), (ToxiproxyError("GET", "/", 500, "no"), False)],
)
def test_a_server_that_does_not_answer_does_not_run(answer, runs):
    assert client(GET=answer)[0].running() is runs


class Toxiproxy(SimpleNamespace):
    """A Toxiproxy as the network of a cluster uses it."""

    def __init__(self):
        super().__init__(
            steps=[], installed={"x-cluster": {ARMED: 1, "own": 2}, "x-reader": {"b": 3}}
        )

    @contextmanager
    def down(self, name):
        self.steps.append(("down", name))
        yield
        self.steps.append(("up", name))

    def update(self, name, *, enabled):
        self.steps.append(("enabled", name, enabled))

    def toxics(self, name):
        return dict(self.installed[name])

    def remove_toxic(self, name, toxic):
        self.steps.append(("removed", name, toxic))

    def toxic(self, name, **more):
        return name, more

    def create(self, name, *, listen, upstream):
        self.steps.append(("created", name, listen, upstream))

    def add_toxic(self, proxy, *, name, toxicity, attributes, **_):
        self.steps.append(("armed", proxy, name, toxicity, attributes))

    def delete(self, name):
        self.steps.append(("deleted", name))

    def proxies(self):
        return {"x-cluster": 1, "other": 2}


def network(process=None):
    made = Network.__new__(Network)
    made.prefix, made.client, made._process = "x-", Toxiproxy(), process
    made.places = {"cluster": Place("127.0.0.2", 7), "reader": Place("127.0.0.3", 7)}
    made._ports, made._program = [], "built in"
    return made


def test_what_a_block_that_was_never_left_has_begun_ends_with_the_test():
    there = network()
    faults = Faults(there)
    with faults.down(PLACE):
        pass
    faults.mend()
    ended = [
        ("down", "x-cluster"),
        ("up", "x-cluster"),
        ("removed", "x-cluster", "own"),
        ("removed", "x-reader", "b"),
    ]
    assert there.client.steps == ended  # our own toxic stays
    del there.client.steps[:]
    block = faults.down(PLACE)
    block.__enter__()
    faults.mend()
    faults.mend()
    assert there.client.steps == [
        ("down", "x-cluster"), ("enabled", "x-cluster", True), *ended[2:], *ended[2:],
    ]  # fmt: skip


def test_a_toxic_of_an_endpoint_is_for_the_way_down_and_always_unless_it_says_otherwise():
    faults = Faults(network())
    assert faults.toxic(PLACE, "latency", latency=50) == (
        "x-cluster",
        {"type": "latency", "stream": "downstream", "toxicity": 1.0, "attributes": {"latency": 50}},
    )
    _, more = faults.toxic(PLACE, "timeout", timeout=0, stream="upstream", toxicity=0.25)
    assert (more["stream"], more["toxicity"], more["attributes"]) == (
        "upstream",
        0.25,
        {"timeout": 0},
    )


@pytest.mark.parametrize(
    ("here", "alone"), [(lambda _: True, False), (lambda host: host != "127.0.0.11", True)]
)
def test_each_endpoint_has_an_address_of_its_own_where_the_machine_has_all_of_them(
    monkeypatch, here, alone
):
    monkeypatch.setattr(network_module, "is_here", here)
    names = ["cluster", "instance-1", "proxy", "instance-2"]

    assert hosts(names) == (
        dict.fromkeys(names, "127.0.0.1") if alone else
        {"cluster": "127.0.0.2", "proxy": "127.0.0.4", "instance-1": "127.0.0.11", "instance-2": "127.0.0.12"}
    )  # fmt: skip


def test_a_toxiproxy_of_somebody_elses_keeps_what_is_not_ours():
    there, ours = network(), network(SimpleNamespace(kill=lambda: steps.append("killed")))
    steps = []
    for one in (there, ours):
        one._ports = [SimpleNamespace(release=lambda: steps.append("released"))]
        one.close()
    assert there.client.steps == [("deleted", "x-cluster")]
    assert (ours.client.steps, steps) == ([], ["released", "killed", "released"])


def test_a_toxiproxy_that_does_not_answer_is_waited_for_while_it_lives():
    clock, answers = SteppingClock(), iter([False] * 3 + [True])
    there = network()
    there.client.running = lambda: next(answers)
    there.wait(clock)
    assert 0 < clock.now() < 1
    there.client.running = lambda: False
    with pytest.raises(NotReadyError, match="Toxiproxy"):
        there.wait(clock)

    def died():
        raise DiedError("toxiproxy", "status 1", "")

    dead = network(SimpleNamespace(check_moves=died, log_tail=lambda: "its log"))
    with pytest.raises(DiedError):
        dead.wait(clock)


@pytest.mark.parametrize("armed", [True, False])
def test_endpoints_listen_where_they_shall_and_end_links_by_a_reset_if_that_is_wanted(armed):
    toxiproxy = Toxiproxy()
    Listeners(toxiproxy, "x-", armed).open({"a": Place("h", 7)}, {"a": 9})

    assert toxiproxy.steps == [
        ("created", "x-a", "h:7", "127.0.0.1:9"), *[("armed", "x-a", ARMED, 0.0, {"timeout": 0})] * armed,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "here", "shown"),
    [
        ("127.0.0.2", True, f"127.0.0.{FIRST_GUEST}:7"),
        ("127.0.0.2", False, "127.0.0.1:5"),
        ("127.0.0.1", True, "127.0.0.1:5"),
    ],
)
def test_a_deployment_listens_beside_its_cluster_for_a_block(monkeypatch, host, here, shown):
    @contextmanager
    def port(_):
        yield 5

    monkeypatch.setattr(listeners, "is_here", lambda _: here)
    monkeypatch.setattr(listeners, "is_free", lambda *_: True)
    monkeypatch.setattr(listeners, "reserve_port", port)
    toxiproxy = Toxiproxy()
    with Listeners(toxiproxy, "x-", armed=False).beside(Place(host, 7), {"a": 9, "b": 8}) as places:
        assert str(places["a"]) == shown
        assert [step[0] for step in toxiproxy.steps] == ["created"] * 2
    assert toxiproxy.steps[2:] == [("deleted", "x-a"), ("deleted", "x-b")]


def test_a_port_that_is_taken_where_a_deployment_listens_is_named(monkeypatch):
    monkeypatch.setattr(listeners, "is_here", lambda _: True)
    monkeypatch.setattr(listeners, "is_free", lambda host, _: host.endswith("1"))
    taken = f"port 7 is taken on 127.0.0.{FIRST_GUEST + 1}"
    with pytest.raises(SettingError, match=taken), Listeners(Toxiproxy(), "x-", armed=False).beside(
        Place("127.0.0.2", 7), {"a": 9, "b": 8}
    ):  # fmt: skip
        raise NotImplementedError("it listens")


class Gateway:
    """Keeps the faults that it is told."""

    def __init__(self):
        self.told, self.forwarding, self.played = [], False, []

    def describe(self):
        instances = [SimpleNamespace(id=f"instance-{number}") for number in (1, 2)]
        return SimpleNamespace(writer="instance-1", instances=instances, forwarding=self.forwarding)

    def set_faults(self, settings):
        self.told.append(settings)

    def forward_writes(self, *, wanted):
        self.forwarding = wanted

    def play(self, steps, error, *, name, dns_ttl):
        self.played.append((name, error, dns_ttl, len(steps)))


@pytest.fixture
def database():
    rotated = []
    passwords = SimpleNamespace(
        rotate=lambda: rotated.append("new"), undo=lambda: rotated.append("old")
    )
    toxics = SimpleNamespace(toxic=lambda endpoint, kind, **more: toxic(endpoint.name, kind, more))
    seen = []

    @contextmanager
    def toxic(*what):
        seen.append(what)
        yield

    gateway = Gateway()
    made = DatabaseFaults(gateway, toxics, lambda: passwords, lambda: PLACE)
    return SimpleNamespace(faults=made, gateway=gateway, toxics=seen, rotated=rotated)


def test_faults_of_different_kinds_overlap_and_each_ends_with_its_block(database):
    faults, told = database.faults, database.gateway.told
    with faults.disk_full():
        with faults.slow_commits("200ms"), faults.too_many_connections(most=3):
            assert told[-1] == FaultSettings(full=True, commit_delay=0.2, crowded={"instance-1": 3})
            with faults.too_many_connections("instance-2"):
                assert told[-1].crowded == {"instance-1": 3, "instance-2": 0}
        assert told[-1] == FaultSettings(full=True)
    assert told[-1] == FaultSettings()


def test_what_a_test_has_left_behind_is_ended_and_a_lag_of_the_run_stays(database):
    faults, gateway = database.faults, database.gateway
    faults.mend()
    assert gateway.told == []
    faults.reader_lag("300ms")
    faults.write_forwarding()
    assert (gateway.told[-1], gateway.forwarding) == (FaultSettings(replica_lag=0.3), True)
    faults.mend()
    assert (gateway.told[-1], gateway.forwarding) == (FaultSettings(), False)

    lagging = Gateway()
    DatabaseFaults(lagging, None, None, None, replica_lag=0.5)
    assert lagging.told == [FaultSettings(replica_lag=0.5)]


def test_a_rotated_secret_is_undone_whatever_happened(database):
    with pytest.raises(ZeroDivisionError), database.faults.secret_rotation():
        assert (database.rotated, database.faults.rotated) == (["new"], True)
        raise ZeroDivisionError
    assert (database.rotated, database.faults.rotated) == (["new", "old"], False)


@pytest.mark.parametrize("share", [0.25, 1])
def test_a_share_of_the_clients_is_cut_off(database, share):
    with database.faults.zone_cut(PLACE, share):
        pass
    assert database.toxics == [
        ("cluster", "timeout", {"timeout": 0, "stream": "upstream", "toxicity": share})
    ]


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(database, share):
    with (
        pytest.raises(SettingError, match="above 0 and up to 1"),
        database.faults.zone_cut(PLACE, share),
    ):
        pass


def test_a_table_is_locked_on_a_connection_that_is_closed_with_the_block(database, monkeypatch):
    asked, closed = [], []

    @contextmanager
    def cursor():
        yield SimpleNamespace(execute=asked.append)

    monkeypatch.setattr(database_faults.driver, "connect", lambda _: SimpleNamespace(cursor=cursor))
    monkeypatch.setattr(database_faults.driver, "close", closed.append)
    with database.faults.lock_storm("a`b"):
        assert asked[1:] == ["BEGIN", "SELECT COUNT(*) FROM `a``b` FOR UPDATE"]
        assert closed == []
    assert len(closed) == 1


def test_a_failover_is_told_the_gateway_as_its_profile_says():
    gateway, quick = Gateway(), load_profile("quick")
    DirectTrigger(gateway).start(quick, writer="a", target="b", seed=7)
    ((name, error, ttl, steps),) = gateway.played
    assert (name, error, ttl) == ("quick", quick.read_only_error, quick.dns_ttl)
    assert steps > 2
