"""Ports are free, below the system's own, and nobody else's."""

import multiprocessing
import socket

import pytest

from pytest_rdsfailover.local.processes import ports
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.model.errors import SettingError

pytestmark = pytest.mark.local
TWO = ("127.0.0.1", "127.0.0.2")


@pytest.fixture
def environ(tmp_path):
    return {"XDG_CACHE_HOME": str(tmp_path)}


def test_a_reserved_port_can_be_listened_on_and_is_below_the_systems_own(environ):
    with reserve_port(TWO, environ=environ) as number, socket.socket() as server:
        server.bind(("127.0.0.2", number))

        assert ports.LOWEST <= number < ports.ceiling() <= 32768


def test_a_wanted_port_is_given_if_it_is_free(environ):
    with reserve_port(environ=environ) as number:
        pass

    with reserve_port(wanted=number, environ=environ) as again:
        assert again == number


def test_a_port_taken_on_any_of_the_addresses_is_an_error_that_names_the_option(environ):
    with reserve_port(TWO, environ=environ) as number:
        pass
    with socket.create_server(("127.0.0.2", number)):
        with pytest.raises(SettingError, match=rf"port {number} is taken .*--rds-port"):
            reserve_port(TWO, wanted=number, environ=environ)
        with reserve_port(("127.0.0.1",), wanted=number, environ=environ):
            pass


def test_a_reserved_port_is_nobody_elses_until_it_is_released(environ):
    port = reserve_port(environ=environ)
    with pytest.raises(SettingError):
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


def test_no_free_port_at_all_is_our_own_error(environ, monkeypatch):
    monkeypatch.setattr(ports, "_candidates", lambda: iter(()))

    with pytest.raises(ports.RdsFailoverError, match="no port from 10000 to"):
        reserve_port(environ=environ)
