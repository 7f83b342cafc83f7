"""What the pre-flight, the probes and the counts say of answers that they get, without a database."""

import socket
import ssl
from dataclasses import replace

import pymysql
import pytest
from facts import cluster

from pytest_rdsfailover.live import preflight, probes, traffic
from pytest_rdsfailover.live.preflight import (
    MOST_OFFSET,
    PreflightError,
    check_clock,
    check_endpoint,
)
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.model.clock import MonotonicClock
from pytest_rdsfailover.model.endpoints import Endpoint

PLACE = Endpoint(
    name="cluster", kind="writer", host="127.0.0.1", port=9, user="app", password="Hush",
    database="shop",
)  # fmt: skip


class Connection:
    """Answers statements by their first words; the others with nothing."""

    def __init__(self, answers=(), fails=()):
        self.answers, self.fails, self.said = dict(answers), dict(fails), []
        self._sock, self.rows = None, ()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def cursor(self):
        return self

    def execute(self, text):
        self.said.append(text)
        for start, error in self.fails.items():
            if text.startswith(start):
                raise error
        self.rows = next(
            (rows for start, rows in self.answers.items() if text.startswith(start)), ()
        )

    def fetchall(self):
        return self.rows

    def fetchone(self):
        return self.rows[0]


@pytest.fixture
def answering(monkeypatch):
    """Let connections be these, or fail so."""

    def plant(found):
        def connect(*_, **__):
            if isinstance(found, Exception):
                raise found
            return found

        for module in (preflight, probes, traffic):
            monkeypatch.setattr(module.driver, "connect", connect)
        monkeypatch.setattr(socket, "create_connection", lambda *_: socket.socket())

    return plant


def error(code, text="planted"):
    return pymysql.err.OperationalError(code, text)


@pytest.mark.parametrize("offset", [MOST_OFFSET, -MOST_OFFSET, 0.0])
def test_clocks_that_are_near_enough_are_let_through(offset):
    check_clock(offset)


@pytest.mark.parametrize(
    ("offset", "why"), [(60.1, "-60 s"), (-61.0, r"\+61 s"), (None, "no time")]
)
def test_clocks_that_are_far_apart_are_a_step_that_fails(offset, why):
    with pytest.raises(PreflightError, match=why):
        check_clock(offset)


@pytest.mark.parametrize(
    ("failure", "kind", "step", "remedy"),
    [
        (error(1045), "writer", "login", "secret"),
        (error(1698), "writer", "login", "secret"),
        (error(2059), "writer", "login", "secret"),
        (error(1040), "writer", "login", "a mysql client"),
        (error(1049), "writer", "schema", "create shop, or let app"),
        (error(1044), "writer", "schema", "create shop, or let app"),
        (error(2026), "writer", "TLS", "--rds-ca"),
        (error(2026), "proxy", "TLS", "certifi"),
    ],
)
def test_a_refused_login_is_named_by_its_step_and_the_remedy(
    answering, failure, kind, step, remedy
):
    answering(failure)

    with pytest.raises(PreflightError, match=remedy) as caught:
        check_endpoint(replace(PLACE, kind=kind), writes=True)
    assert (caught.value.step, caught.value.endpoint) == (step, "127.0.0.1:9")
    assert "planted" in caught.value.why
    assert "Hush" not in str(caught.value)


def test_an_error_of_tls_inside_another_is_one_of_tls(answering):
    failure = error(2003)
    failure.__cause__ = ssl.SSLError("unknown authority")
    answering(failure)

    with pytest.raises(PreflightError, match="TLS"):
        check_endpoint(PLACE, writes=False)


@pytest.mark.parametrize(
    ("kind", "remedy"), [("proxy", "only inside the VPC"), ("writer", "in the VPC, or")]
)
def test_a_port_that_cannot_be_reached_says_from_where_it_can(monkeypatch, kind, remedy):
    def refuse(*_):
        raise ConnectionRefusedError("nobody")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(PreflightError, match=remedy) as caught:
        check_endpoint(replace(PLACE, kind=kind), writes=False)
    assert caught.value.step == "port"


def test_a_name_that_nobody_knows_is_the_first_step(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(PreflightError, match="DNS"):
        check_endpoint(PLACE, writes=False)


def test_only_on_the_writer_s_endpoint_a_table_is_made_used_and_dropped(answering):
    read, written = Connection(), Connection()
    answering(read)
    check_endpoint(PLACE, writes=False)
    answering(written)
    check_endpoint(PLACE, writes=True)

    assert read.said == []
    assert [text.split()[0] for text in written.said] == ["CREATE", "INSERT", "SELECT", "DROP"]


def test_a_right_that_is_missing_is_named_and_the_table_goes_all_the_same(answering):
    half = Connection(fails={"INSERT": error(1142, "INSERT command denied")})
    answering(half)

    with pytest.raises(
        PreflightError, match=r"denied; grant CREATE, DROP, INSERT, SELECT on shop\.\* to app"
    ):
        check_endpoint(PLACE, writes=True)
    assert half.said[-1].startswith("DROP")


@pytest.mark.parametrize("code", [2013, 1142])
def test_a_table_that_cannot_be_dropped_is_named(answering, code):
    answering(Connection(fails={"DROP": error(code)}))

    with pytest.raises(PreflightError, match=r"; table shop\.rds_probe_\w+ is left behind;"):
        check_endpoint(PLACE, writes=True)


@pytest.mark.parametrize(
    ("host", "milestone"), [("127.0.0.1", "dns_flip"), ("shop.example", "endpoint_reaches")]
)
def test_a_flip_is_noted_by_whoever_can_see_it_and_once(answering, host, milestone):
    reached, timeline = Connection({"SELECT": [("one", 0)]}), Timeline()
    answering(reached)
    probe = probes.EndpointProbe(replace(PLACE, host=host), timeline, MonotonicClock(), "one")
    probe.look()
    assert (timeline.all(), probe.writes) == ([], True)
    reached.answers = {"SELECT": [("two", 1)]}
    probe.look()
    probe.look()

    assert [(one.name, one.instance) for one in timeline.all()] == [(milestone, "two")]
    assert (probe.leads_to, probe.writes) == ("two", False)


def test_an_endpoint_that_does_not_answer_leads_where_it_led(answering):
    answering(error(2003))
    probe = probes.EndpointProbe(PLACE, Timeline(), MonotonicClock(), "one")
    probe.look()
    assert (probe.leads_to, probe.writes) == ("one", True)
    answering(ValueError("a fault of ours"))
    with pytest.raises(ValueError, match="ours"):
        probe.look()


def test_a_reader_that_comes_back_and_takes_writes_is_promoted(answering):
    timeline = Timeline()
    probe = probes.InstanceProbe(PLACE, timeline, MonotonicClock(), writer=False, writes=False)
    for answer in ([("two", 1)], error(2013), [("two", 1)], [("two", 0)], [("two", 0)]):
        answering(answer if isinstance(answer, Exception) else Connection({"SELECT": answer}))
        probe.close()
        probe.look()

    assert [one.name for one in timeline.all()] == ["instance_cut", "instance_back", "promoted"]


@pytest.mark.parametrize(("host", "resolved"), [("127.0.0.1", 0), ("localhost", 1)])
def test_a_name_is_resolved_and_an_address_is_not(host, resolved):
    made = probes.probes(cluster(host=host), lambda _: PLACE, Timeline(), MonotonicClock())

    assert sum(isinstance(one, probes.ResolverProbe) for one in made) == resolved
    assert [one.writes for one in made if isinstance(one, probes.InstanceProbe)] == [True, False]
    assert probes.resolve("localhost") is not None


def status(**more):
    counts = {"Questions": 50, "Connections": 10, "Uptime": 7, "Com_insert": 4, "Com_commit": 2,
              "AuroraDb_commits": 3, "Handler_rollback": 1} | more  # fmt: skip
    return {
        "SHOW GLOBAL": [(name, str(value)) for name, value in counts.items()],
        "SELECT COALESCE": [(5,)],
        "SHOW SESSION": [("Questions", "3")],
    }


def test_what_came_to_the_writer_is_counted_without_our_own_questions(answering):
    asked = traffic.ServerTraffic(lambda _: PLACE)
    answering(Connection(status()))
    first = asked.ask("m", "one")
    answering(Connection(status(Questions=56, Connections=12, Uptime=7)))
    second = asked.ask("m", "one")

    assert (first.connections, first.statements) == (9, 47)
    assert (second.connections, second.statements) == (10, 50)
    assert (first.writes, first.commits, first.rollbacks, first.uncommitted) == (4, 3, 1, 5)
    assert not first.unseen


def test_counts_that_do_not_cover_the_whole_load_are_none(answering):
    asked = traffic.ServerTraffic(lambda _: PLACE)
    answering(Connection(status()))
    assert asked.ask("m", "one") is not None
    assert asked.ask("m", "two") is None  # another instance writes
    assert asked.ask("n", "two") is not None  # another load began there
    answering(Connection(status(Uptime=6)))  # the server was started anew
    assert asked.ask("m", "one") is None
    answering(error(2013))
    assert asked.ask("m", "one") is None
    answering(ValueError("a fault of ours"))
    with pytest.raises(ValueError, match="ours"):
        asked.ask("m", "one")


def test_open_transactions_that_nobody_may_see_are_unseen(answering):
    asked = traffic.ServerTraffic(lambda _: PLACE)
    answering(Connection(status(), fails={"SELECT COALESCE": error(1227)}))
    seen = asked.ask("m", "one")
    answering(Connection(status(), fails={"SELECT COALESCE": error(1317)}))

    assert (seen.uncommitted, seen.unseen) == (0, True)
    assert asked.ask("m", "one") is None
