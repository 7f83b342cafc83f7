"""Ports are free, below the system's own, and nobody else's."""

import multiprocessing
import os
import socket
import subprocess
import sys

import pytest
from programs import REAL_TOXIPROXY, network_for

from pytest_rdsfailover.local import network as network_module
from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.gateway.sockets import bound
from pytest_rdsfailover.local.network import Network
from pytest_rdsfailover.local.processes import ports
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy
from pytest_rdsfailover.model.clock import MonotonicClock
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = [pytest.mark.local, pytest.mark.contract("local/processes")]
NETWORKS = sorted({"builtin", REAL_TOXIPROXY})
TWO = ("127.0.0.1", "127.0.0.2")


@pytest.fixture
def environ(tmp_path):
    return {"XDG_CACHE_HOME": str(tmp_path)}


def test_a_reserved_port_can_be_listened_on_and_is_below_the_systems_own(environ):
    with reserve_port(TWO, environ=environ) as number, socket.socket() as server:
        server.bind(("127.0.0.2", number))

        assert ports.LOWEST <= number < ports.ceiling() <= 32768


def test_a_wanted_port_is_given_if_it_is_free(environ):
    port = reserve_port(environ=environ)
    with port as number:
        pass

    with reserve_port(wanted=number, environ=environ) as again:
        assert again == number == port.number


def test_a_port_taken_on_any_of_the_addresses_is_an_error_that_names_the_option(environ):
    with reserve_port(TWO, environ=environ) as number:
        pass
    with socket.create_server(("127.0.0.2", number)):
        with pytest.raises(
            SettingError, match=rf"port {number} is taken on 127.0.0.2; .*--rds-port"
        ):
            reserve_port(TWO, wanted=number, environ=environ)
        with reserve_port(("127.0.0.1",), wanted=number, environ=environ):
            pass


def test_a_port_taken_on_several_addresses_names_one_and_counts_the_others(environ):
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        number = everywhere.getsockname()[1]
        with pytest.raises(SettingError, match=r"is taken on 127\.0\.0\.1 and 1 more;"):
            reserve_port(TWO, wanted=number, environ=environ)


def test_a_port_that_somebody_took_meanwhile_is_not_held(environ):
    with reserve_port(TWO, environ=environ) as number:
        pass
    port = reserve_port(TWO, wanted=number, environ=environ)
    with socket.create_server(("127.0.0.2", number)), pytest.raises(OSError, match="in use"):
        port.hold(TWO)
    port.release()


def test_a_port_that_was_taken_can_be_had_once_it_is_free(environ):
    with reserve_port(environ=environ) as number:
        pass
    with socket.create_server(("127.0.0.1", number)), pytest.raises(SettingError):
        reserve_port(wanted=number, environ=environ)

    reserve_port(wanted=number, environ=environ).release()


@pytest.mark.parametrize(
    ("told", "expected"),
    [("20000 60999", 20000), ("40000 60999", ports.CEILING), ("", ports.CEILING), ("soon", ports.CEILING),
     (None, ports.CEILING)],
)  # fmt: skip
def test_ports_of_clients_begin_where_the_system_says(monkeypatch, tmp_path, told, expected):
    monkeypatch.setattr(ports, "RANGE", tmp_path / "range")
    if told is not None:
        (tmp_path / "range").write_text(told)

    assert ports.ceiling() == expected


def test_a_reserved_port_is_nobody_elses_until_it_is_released(environ):
    port = reserve_port(environ=environ)
    with pytest.raises(SettingError, match="is taken by another cluster"):
        reserve_port(wanted=port.number, environ=environ)

    port.release()
    port.release()

    reserve_port(wanted=port.number, environ=environ).release()


def take(environ, numbers, done):
    port = reserve_port(environ=environ)
    numbers.put(port.number)
    done.wait(60)


def test_processes_that_ask_at_once_get_different_ports(environ, monkeypatch):
    monkeypatch.setattr(ports, "_candidates", lambda: iter(range(20000, 20040)))
    context = multiprocessing.get_context("fork")
    numbers, done = context.Queue(), context.Event()
    processes = [context.Process(target=take, args=(environ, numbers, done)) for _ in range(8)]
    for process in processes:
        process.start()
    found = [numbers.get(timeout=60) for _ in processes]
    done.set()
    for process in processes:
        process.join(60)

    assert len(set(found)) == 8


def test_a_port_is_free_again_when_the_process_that_had_it_is_killed(environ):
    context = multiprocessing.get_context("fork")
    numbers = context.Queue()
    process = context.Process(target=take, args=(environ, numbers, context.Event()))
    process.start()
    number = numbers.get(timeout=60)
    with pytest.raises(SettingError):
        reserve_port(wanted=number, environ=environ)

    process.kill()
    process.join(60)

    reserve_port(wanted=number, environ=environ).release()


@pytest.mark.parametrize("which", ["toxiproxy", "endpoint"])
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_a_port_that_is_taken_before_toxiproxy_binds_it_is_told(network, which, monkeypatch):
    monkeypatch.setattr(network_module, "READY_WITHIN", 5.0)  # the original waits and does not end
    reserve, taken = Network._reserve, []

    def lose(self, addresses, wanted):
        port = reserve(self, addresses, wanted)
        if which == ("toxiproxy" if len(addresses) == 1 else "endpoint"):
            taken.append(socket.create_server((addresses[-1], port)))
        return port

    monkeypatch.setattr(Network, "_reserve", lose)
    told = pytest.raises(RdsFailoverError, match="address already in use")
    program = find_toxiproxy(network)
    with told, Supervisor() as own, Network(program, own, ["cluster", "reader"]) as made:
        made.wait(MonotonicClock())
        made.connect({"cluster": 1, "reader": 2}, armed=False)
    assert len(taken) == 1
    taken[0].close()


def test_no_free_port_at_all_is_our_own_error(environ, monkeypatch):
    monkeypatch.setattr(ports, "_candidates", lambda: iter(()))

    with pytest.raises(ports.RdsFailoverError, match=r"no port from 10000 to .*ss -tln.*ulimit"):
        reserve_port(environ=environ)


@pytest.fixture
def all_for_clients(monkeypatch, tmp_path):
    """A machine whose system hands out all ports to clients."""
    path = tmp_path / "ip_local_port_range"
    path.write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "RANGE", path)


@pytest.mark.usefixtures("all_for_clients")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a bound port cannot be shared")
def test_a_port_that_the_system_might_hand_out_is_held_until_it_is_released(environ):
    port = reserve_port(TWO, environ=environ)

    assert ports.LOWEST <= port.number < ports.CEILING
    for address in TWO:
        with socket.socket() as client, pytest.raises(OSError, match="in use"):
            client.bind((address, port.number))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port.number), 5)
        with (
            socket.create_server((address, port.number)),
            socket.create_connection((address, port.number), 5),
        ):
            pass
    port.release()
    with socket.socket() as client:
        client.bind((TWO[1], port.number))


@pytest.mark.usefixtures("all_for_clients")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a bound port cannot be shared")
def test_a_port_in_the_hands_of_a_client_is_not_free(environ):
    with socket.socket() as client:
        client.bind(("127.0.0.1", 0))
        number = client.getsockname()[1]
        with pytest.raises(SettingError, match="is taken"):
            reserve_port(wanted=number, environ=environ)


def test_ports_that_need_not_be_held_come_first(monkeypatch, tmp_path):
    path = tmp_path / "ip_local_port_range"
    path.write_text("10003 65535")
    monkeypatch.setattr(ports, "RANGE", path)

    found = list(ports._candidates())

    assert sorted(found[:3]) == [10000, 10001, 10002]
    assert sorted(found) == list(range(10000, 32768))


def test_a_gateway_takes_no_port_that_is_reserved(monkeypatch):
    with reserve_port() as mine, reserve_port() as free:
        pass
    monkeypatch.setattr(ports, "_candidates", lambda: iter((mine, free)))

    with reserve_port(wanted=mine), bound() as listener:
        assert listener.getsockname()[1] == free


SELF_CONNECTED = """
import contextlib, socket
from pathlib import Path

Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("20000 20031")
from pytest_rdsfailover.local.processes import ports

def is_answered(*numbers):
    for number in numbers * 3000:
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", number), 5) as one:
                # With a reset, so that the port is not taken for a minute.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes((1, 0, 0, 0) + (0,) * 4))
                return True
    return False

# The system prefers ports of one parity for clients.
even, odd = (ports.reserve_port(wanted=number) for number in (20016, 20017))
print(is_answered(even.number, odd.number))
with socket.create_server(("127.0.0.1", even.number)):
    print(is_answered(even.number))
print(is_answered(even.number, odd.number))
even.release()
odd.release()
print(is_answered(even.number, odd.number))
"""


def test_a_retry_loop_never_connects_a_held_port_to_itself(tmp_path):
    """In a network of its own, whose system hands out 32 ports, all of which are ours."""
    command = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs unshare and ip, and the right to make a network")

    found = subprocess.run(
        [*command, sys.executable, "-c", SELF_CONNECTED], check=True, capture_output=True,
        text=True, env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip

    assert found.stdout.split() == ["False", "True", "False", "True"]


@pytest.mark.one_server
@pytest.mark.usefixtures("all_for_clients", "direct")
def test_a_cluster_runs_where_the_system_hands_out_all_ports(server_program):
    with LocalCluster(
        server_program, network_for(server_program), load_profile("quick"), instances=2
    ) as cluster:
        trial = TrialRunner(
            cluster, Settings(seed=7), test="test", profile=None, expectations={},
            note=lambda _: None,
        ).trial(cluster.writer_endpoint, writers=4, rate=100.0, warmup=0.3)  # fmt: skip

    assert trial.valid
    trial.expect(lost=0, stuck_writers=0)
