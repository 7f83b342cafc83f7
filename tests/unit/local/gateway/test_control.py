"""What a test process can ask of the gateway, over the control socket and back."""

import json
import os
import time

import pytest
from gateway_sockets import in_cluster

from pytest_rdsfailover.local.gateway.client import connect
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.messages import FaultSettings
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.model.errors import GatewayError

FAILOVER = [
    Step(at=0.0, action="cut", instance="instance-1", how="reset"),
    Step(at=0.0, action="promote", instance="instance-2"),
    Step(at=0.0, action="point", instance="instance-2"),
    Step(at=0.0, action="back", instance="instance-1"),
]


@pytest.fixture
def own(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path


def waited(asking):
    deadline = time.monotonic() + 10
    while asking.describe().playing and time.monotonic() < deadline:
        time.sleep(0.001)
    assert not asking.describe().playing


def test_a_cluster_tells_its_instances_and_where_they_are(own):
    def test(house, asking):
        assert asking.ping() == os.getpid()
        told = asking.describe()
        assert (told.writer, told.dns, told.reader) == ("instance-1", "instance-1", "instance-2")
        assert told.ports == house.gateway.ports
        assert {"cluster", "reader", "instance-1", "instance-2", "proxy", "proxy-reader"} == set(
            told.ports
        )
        assert (told.playing, told.busy, told.failures, told.deployment) == (False, 0, [], None)
        assert [(each.id, each.role, each.state) for each in told.instances] == [
            ("instance-1", "writer", "up"), ("instance-2", "reader", "up"),
        ]  # fmt: skip

    in_cluster(test, own)


def test_a_script_is_played_once_at_a_time_and_told_as_it_was(own):
    def test(house, asking):
        begun = time.monotonic()
        started = asking.play(FAILOVER, 1836, name="quick", dns_ttl=2.5)
        assert begun <= started <= time.monotonic()
        waited(asking)
        (play,) = asking.plays()
        assert (play.name, play.started, play.target) == ("quick", started, "instance-2")
        assert (play.victim, play.dns_ttl, play.over) == ("instance-1", 2.5, True)
        told = asking.describe()
        assert (told.writer, told.dns, told.failures) == ("instance-2", "instance-2", [])
        marks = asking.milestones()
        assert {"writer_cut", "fenced", "promoted", "dns_flip", "old_writer_back"} <= {
            mark.name for mark in marks
        }
        assert [mark.at for mark in marks] == sorted(mark.at for mark in marks)
        assert marks[0].planned == started
        assert house.instance.read_only_error == 1836

        later = [Step(at=60.0, action="cut", instance="instance-2", how="reset")]
        asking.play(later, name="later")
        with pytest.raises(GatewayError):
            asking.play(FAILOVER)
        first, second = asking.plays()
        assert (first.over, second.over, second.victim) == (True, False, "instance-2")
        assert [play.name for play in asking.plays(1)] == ["later"]
        assert asking.milestones(0) == marks
        assert asking.milestones() == []
        assert asking.describe().playing

    in_cluster(test, own)


def test_faults_hold_until_others_are_told(own):
    def test(house, asking):
        asking.set_faults(FaultSettings(crowded={"instance-1": 3}, full=True, commit_delay=0.25))
        one, two = house.router.instances.values()
        assert (one.most, two.most) == (3, None)
        assert (house.router.volume.full, house.router.volume.commit_delay) == (True, 0.25)
        asking.set_faults(FaultSettings())
        assert (one.most, house.router.volume.full, house.router.volume.commit_delay) == (
            None, False, 0.0,
        )  # fmt: skip
        with pytest.raises(GatewayError, match="instance-9"):
            asking.set_faults(FaultSettings(crowded={"instance-9": 3}))

    in_cluster(test, own)


def test_lag_is_what_readers_are_told_of(own):
    def test(house, asking):
        asking.set_faults(FaultSettings(replica_lag=0.5))
        assert house.router.volume.lag.seconds == 0.5
        asking.set_faults(FaultSettings())
        assert house.router.volume.lag is None

    in_cluster(test, own)


def test_what_else_is_told_is_kept(own):
    def test(house, asking):
        asking.forward_writes(wanted=True)
        assert asking.describe().forwarding
        asking.forward_writes(wanted=False)
        assert not asking.describe().forwarding
        asking.know_regions({"instance-2": "eu-west-1"})
        assert house.router.regions == {"instance-2": "eu-west-1"}
        made = CustomEndpoint(
            name="mine", host="127.0.0.4", port=house.ports["reader"], kind="ANY",
            excluded=("instance-1",),
        )  # fmt: skip
        asking.set_custom_endpoints([made])
        assert asking.custom_endpoints() == [made]
        asking.set_custom_endpoints([])
        assert asking.custom_endpoints() == []

    in_cluster(test, own)


def test_the_proxy_is_set_up_asked_and_given_secrets(own):
    def test(house, asking):
        asking.configure_proxy(ProxySettings(max_client_connections=7))
        assert house.proxy.settings == ProxySettings(max_client_connections=7)
        asking.add_secret(json.dumps({"username": "other", "password": "0ther"}))
        assert {name: json.loads(text)["password"] for name, text in asking.secrets().items()} == {
            "app": "secret", "other": "0ther",
        }  # fmt: skip
        with pytest.raises(GatewayError):
            asking.add_secret("no secret")
        asking.know_proxy_as(["db.test:3306"], ["db.test"])
        assert house.proxy.directory.addresses == {"db.test:3306"}
        asking.forget_proxy()
        told = asking.proxy("proxy-reader")
        assert (told.stats.instances, told.pins) == (("instance-2",), [])
        with pytest.raises(GatewayError, match="not a request"):
            asking.proxy("nowhere")

    in_cluster(test, own)


def test_figures_and_traffic_are_counted_by_instance_and_by_endpoint(own):
    def test(house, asking):
        house.instance.commits.count, house.instance.commits.duration = 4, 2_000_000_000
        house.router.instances["instance-2"].state = State.SILENT
        house.witness.at("reader").connections += 2
        begun = time.monotonic()
        told = asking.figures()
        one, two = told.instances
        assert (one.id, one.writer, one.up, one.connections) == ("instance-1", True, True, 0)
        assert (one.commits, one.commit_time) == (4, 2.0)
        assert (two.writer, two.up, set(told.proxy)) == (False, False, {"proxy", "proxy-reader"})
        assert begun < told.at < time.monotonic()
        assert asking.traffic("run")["reader"].connections == 2
        assert asking.sessions("reader").open == 0

    in_cluster(test, own)


def test_a_deployment_is_made_announced_and_taken_away(own):
    def test(_, asking):
        ports = asking.create_blue_green("-green-abc123")
        assert {"cluster-green-abc123", "instance-1-green-abc123", "cluster-old1"} <= set(ports)
        assert len(set(ports.values())) == len(ports)
        told = asking.describe().deployment
        assert (told.suffix, told.status, told.switched) == ("-green-abc123", "PROVISIONING", False)
        with pytest.raises(GatewayError, match="already"):
            asking.create_blue_green("-other")
        asking.announce_blue_green({name: ("db.test", port) for name, port in ports.items()})
        asking.delete_blue_green()
        assert asking.describe().deployment is None
        with pytest.raises(GatewayError):
            asking.delete_blue_green()

    in_cluster(test, own)


def test_who_asks_for_nothing_that_there_is_hears_of_it_and_may_ask_again(own):
    def test(_, asking):
        asking._connection.open()
        stream = asking._connection._stream
        for line in (b"nonsense\n", b'{"command": "fly"}\n', b"[]\n", b'{"command": 5}\n'):
            stream.write(line)
            stream.flush()
            assert json.loads(stream.readline())["error"].startswith("not a request")
        assert asking.ping() == os.getpid()

    in_cluster(test, own)


def test_nobody_listens_where_others_could_reach_the_socket(tmp_path):
    tmp_path.chmod(0o755)
    with pytest.raises(GatewayError, match="0700"):
        in_cluster(lambda *_: None, tmp_path)
    with pytest.raises(GatewayError, match="no gateway behind"):
        connect(str(tmp_path / "control"))
