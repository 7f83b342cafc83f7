"""Whole trials through the live path, against a stand-in region with a real database behind it."""

import functools
import json

import pytest
from fitness import TIMES, fit

from pytest_rdsfailover.live import watch
from pytest_rdsfailover.live.preflight import PreflightError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = pytest.mark.local

LATE_LOOKS = 4  # how often the events are asked for before they are there
LATE = 0.5  # seconds that a look at the resolver may wait for a busy machine
LOAD = {"writers": 6, "rate": 100.0, "warmup": 0.3, "cooldown": 0.2, "bound": 30.0}


def runner(cluster, trials=None):
    return TrialRunner(
        cluster,
        Settings(seed=7),
        test="test",
        profile=None,
        expectations={},
        note=(trials if trials is not None else []).append,
    )


def names(trial):
    return [milestone.name for milestone in trial.milestones]


def test_a_trial_against_the_stand_in_region_is_measured_and_judged(backend, stand_in):
    live = backend(max_failovers=TIMES)
    writers = [stand_in.cluster.writer]

    def take():
        cluster = live.cluster()
        trial = runner(cluster).trial(cluster.writer_endpoint, **LOAD)
        cluster.rest()
        writers.append(stand_in.cluster.writer)
        return trial

    trial = fit(take)

    assert trial.valid
    assert trial.mode == "live"
    assert [trial.writer_before, trial.writer_after] == writers[-2:]
    assert 0.05 < trial.downtime < 5
    assert trial.lost == []
    assert trial.stale_writes == trial.stuck_writers == 0
    assert live.region.mutating == ["rds:FailoverDBCluster"] * (len(writers) - 1)


def test_the_timeline_has_the_api_s_side_and_sql_s_side_of_the_story(backend):
    cluster = backend().cluster()
    trial = runner(cluster).trial(cluster.writer_endpoint, **LOAD)
    told = names(trial)

    for name in ("trigger", "api_answered", "writer_cut", "promoted", "dns_flip", "api_writer"):
        assert name in told
    assert {"event_started", "event_completed"} <= set(told)
    # Two threads look at SQL and at the names: a busy machine may let either of them see its side first.
    assert told.index("writer_cut") < min(told.index("promoted"), told.index("dns_flip"))
    assert "AWS is" in cluster.parts()["clock"]


def test_the_load_leaves_nothing_in_the_schema(backend, stand_in):
    cluster = backend().cluster()
    endpoint = stand_in.cluster.audit_endpoint()

    def tables():
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            return set(cursor.fetchall())

    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS of_somebody_else (id INT)")
    before = tables()
    runner(cluster).trial(cluster.writer_endpoint, **LOAD)
    endpoint = stand_in.cluster.audit_endpoint()

    assert tables() == before
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE of_somebody_else")


def test_the_audit_record_holds_the_act_and_no_secret(backend, tmp_path):
    cluster = backend(audit=str(tmp_path / "audit.jsonl")).cluster()
    cluster.fail_over()
    cluster.rest()
    text = (tmp_path / "audit.jsonl").read_text()
    entries = [json.loads(line) for line in text.splitlines()]

    assert [entry["what"] for entry in entries] == ["trigger", "answered"]
    assert entries[0]["arn"] == "arn:aws:sts::123456789012:user/moto"
    assert entries[0]["refusals"] == []
    assert entries[1]["request_id"]
    assert cluster.writer_endpoint.password not in text
    assert cluster.writer_endpoint.password not in repr(cluster.writer_endpoint)


def test_a_wanted_target_is_promoted(backend, stand_in):
    cluster = backend().cluster()
    target = stand_in.cluster.readers[0]
    cluster.fail_over(target)
    cluster.rest()

    assert stand_in.cluster.writer == target


def test_a_second_failover_beyond_the_budget_is_refused(backend):
    live = backend()
    cluster = live.cluster()
    run = functools.partial(runner(cluster).trial, cluster.writer_endpoint, **LOAD)
    run()
    with pytest.raises(Exception, match="budget: 1 of 1 failovers"):
        run()

    assert live.region.mutating == ["rds:FailoverDBCluster"]


def test_a_trial_through_the_proxy_is_measured_and_judged(backend):
    live = backend(proxy="rdsfailover-proxy")
    cluster = live.cluster()
    trial = runner(cluster).trial(cluster.proxy_endpoint, **LOAD)

    assert trial.valid
    assert trial.endpoint == "proxy"
    assert trial.lost == []
    assert cluster.parts()["proxy"] == "rdsfailover-proxy"


def test_a_trial_over_verified_tls_through_the_cluster_endpoint_and_the_proxy(backend, stand_in):
    """The authorities of --rds-ca are trusted beside the system's, as RDS' own bundle would be."""
    tls = stand_in.cluster.writer_endpoint.tls
    live = backend(tls="verify", ca=tls.ca, proxy="rdsfailover-proxy", max_failovers=2)
    cluster = live.cluster()
    lab = runner(cluster)

    for endpoint in (cluster.writer_endpoint, cluster.proxy_endpoint):
        with endpoint.connect() as connection, connection.cursor() as cursor:
            assert connection._sock.cipher()
            cursor.execute("SELECT 1")
        assert lab.trial(endpoint, **LOAD).valid
        cluster.rest()
    assert cluster.parts()["tls"] == "verified"


def test_behind_names_the_resolver_tells_of_the_flip(backend, stand_in):
    """As at AWS, where an application sees it when its resolver does."""
    with stand_in.cluster.aws_names("us-east-2"):
        live = backend()
        cluster = live.cluster()
        assert cluster.writer_endpoint.host.endswith(".us-east-2.rds.amazonaws.com")
        trial = runner(cluster).trial(cluster.writer_endpoint, **LOAD)
        live.release()
    told = {each.name: each for each in trial.milestones}

    assert trial.valid
    assert told["dns_flip"].instance == told["endpoint_reaches"].instance == trial.writer_after
    assert told["promoted"].at < told["dns_flip"].at < told["endpoint_reaches"].at + LATE


def test_events_that_are_published_late_are_waited_for_and_say_how_uncertain_they_are(
    backend, monkeypatch
):
    """RDS publishes some of them after everything else is over, and each kind at its own place."""
    live = backend()
    cluster = live.cluster()
    told, seen = live.region.events, []

    def late(source, minutes, kind="db-cluster"):
        seen.append((source, kind))
        asked = [each for each in seen if each == (source, kind)]
        return told(source, minutes, kind) if len(asked) > LATE_LOOKS else []

    failover = cluster.fail_over()
    monkeypatch.setattr(live.region, "events", late)
    cluster.rest()
    events = {each.name: each for each in failover.milestones() if each.name.startswith("event_")}

    assert {("instance-1", "db-instance"), ("instance-2", "db-instance")} <= set(seen)
    assert {"event_started", "event_completed", "event_promoted"} <= set(events)
    assert all(0.5 <= each.uncertainty < 5.0 for each in events.values())
    assert all(
        each.uncertainty == 0
        for each in failover.milestones()
        if not each.name.startswith("event_")
    )


def test_events_that_never_come_are_waited_for_within_a_bound(backend, monkeypatch):
    monkeypatch.setattr(watch, "LATE_EVENTS", 0.5)
    live = backend()
    cluster = live.cluster()
    failover = cluster.fail_over()
    monkeypatch.setattr(live.region, "events", lambda *_: [])
    cluster.rest()

    assert failover.settled()
    assert "api_writer" in [each.name for each in failover.milestones()]


def test_a_password_that_was_rotated_between_two_tests_is_read_again(backend, monkeypatch):
    live = backend(max_failovers=2)
    cluster = live.cluster()
    before = cluster.writer_endpoint
    monkeypatch.setattr(
        live.region, "secret", lambda _: json.dumps({"username": before.user, "password": "old"})
    )
    live.release()
    with pytest.raises(PreflightError, match="login"):
        live.cluster()
    monkeypatch.undo()
    assert live.cluster().writer_endpoint.password == before.password
