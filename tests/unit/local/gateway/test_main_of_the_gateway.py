"""The parts of a gateway's process that need no server, and what it is told and tells at first."""

from dataclasses import fields

import pytest

from pytest_rdsfailover.local.gateway import main as process
from pytest_rdsfailover.local.gateway.config import Config
from pytest_rdsfailover.local.gateway.crash import LONGEST, is_crash
from pytest_rdsfailover.local.gateway.messages import (
    AddSecret,
    AskPlays,
    FaultSettings,
    PlayScript,
    Secrets,
)
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.views import ClusterView

USUAL = Config(instances=2, control="/nowhere/control", user="admin", password="s3cret")


class Player:
    """Keeps what it is to play."""

    def __init__(self, *, playing=False):
        self.playing, self.played = playing, []

    def play(self, *what):
        self.played.append(what)


@pytest.mark.parametrize(
    ("socket", "more"), [(None, {}), ("/run/mysqld.sock", {"unix_socket": "/run/mysqld.sock"})]
)
def test_the_administrator_comes_by_the_socket_if_there_is_one(monkeypatch, socket, more):
    came = []
    monkeypatch.setattr(
        process.driver, "connect", lambda *what, **how: came.append((what, how)) or "connection"
    )
    config = Config(instances=2, control="c", user="admin", password="s3cret", unix_socket=socket)

    assert process.administrator(config) == "connection"
    (((endpoint,), how),) = came
    assert (endpoint.host, endpoint.port, endpoint.user) == ("127.0.0.1", 3306, "admin")
    assert how == {"bounds": process.ADMIN, **more}


def test_an_instance_crashes_unless_a_script_is_being_played():
    busy, idle = Player(playing=True), Player()
    assert process.crash(busy, USUAL, "a") is False
    assert process.crash(idle, USUAL, "a") is True
    assert busy.played == []
    ((steps, error, name),) = idle.played
    assert [(step.action, step.at) for step in steps] == [("cut", 0.0), ("back", 5.0)]
    assert (error, name) == (1290, "crash")


def test_what_is_learned_of_the_server_is_learned_on_one_connection_that_is_closed(monkeypatch):
    class Connection:
        closed = 0

        def close(self):
            self.closed += 1

    connection, router = Connection(), Router(1)
    monkeypatch.setattr(process, "administrator", lambda _: connection)
    monkeypatch.setattr(process, "columns_of_users", lambda _: (b"User",))
    monkeypatch.setattr(process, "ask", lambda one: ("asked", one))
    monkeypatch.setattr(process, "like", lambda facts, aurora: (facts, aurora))

    assert process.learn(USUAL, router) == (("asked", connection), router.volume.aurora)
    assert (connection.closed, router.volume.accounts.columns) == (1, (b"User",))


def test_a_process_that_is_told_nonsense_says_so_and_ends_with_1(monkeypatch, capsys):
    monkeypatch.setattr(process, "read_told", lambda: "nonsense")
    assert process.main() == 1
    told = capsys.readouterr()
    assert (told.out, "no configuration of a gateway" in told.err) == ("", True)


def test_a_gateway_that_is_left_removes_its_control_socket(monkeypatch, tmp_path):
    ended = []
    monkeypatch.setattr(process.os, "_exit", ended.append)
    control = tmp_path / "control"
    control.touch()
    for _ in range(2):
        process.leave(str(control))
    assert (ended, control.exists()) == ([0, 0], False)


@pytest.mark.parametrize("parts", [[b""], [b"a", b"b", b""]])
def test_a_gateway_is_left_at_the_end_of_its_standard_input(monkeypatch, parts):
    left, parts = [], iter(parts)
    monkeypatch.setattr(process.os, "read", lambda file, _: next(parts) if file == 0 else b"")
    monkeypatch.setattr(process, "leave", left.append)
    process.watch("control")
    assert (left, [*parts]) == (["control"], [])


# What nobody says otherwise ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "usual"),
    [
        (Config, {"host": "127.0.0.1", "port": 3306, "read_only_error": 1290, "restart": 5.0}),
        (PlayScript, {"dns_ttl": 0.0}),
        (AskPlays, {"first": 0}),
        (FaultSettings, {"full": False, "commit_delay": 0.0, "replica_lag": 0.0}),
        (ClusterView, {"forwarding": False}),
    ],
)
def test_what_is_not_said_is_as_usual(record, usual):
    found = {field.name: field.default for field in fields(record)}
    assert {**found, **usual} == found


@pytest.mark.parametrize(
    "record", [USUAL, Secrets(texts={"app": "s3cret"}), AddSecret(secret="s3cret")]
)
def test_no_secret_is_in_a_repr(record):
    assert "s3cret" not in repr(record)


@pytest.mark.parametrize(("size", "crashes"), [(LONGEST, True), (LONGEST + 1, False)])
def test_a_crash_is_looked_for_in_short_texts_only(size, crashes):
    message = b"\x03ALTER SYSTEM CRASH".ljust(size)
    assert is_crash(message) is crashes
