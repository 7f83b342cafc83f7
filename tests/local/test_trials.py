"""Whole trials on real servers: every profile, every planted fault, every dead process."""

import functools
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from fitness import fit
from programs import network_for
from waiting import until

from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.inserts import InsertSession, InsertWorkload
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.local.server.server import OwnServer
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.errors import (
    DiedError,
    GatewayError,
    LeftBehindWarning,
    SettingError,
)
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.observation import Observation
from pytest_rdsfailover.trial.plan import Plan
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = pytest.mark.local

LOAD = {"writers": 8, "rate": 200.0, "warmup": 0.5, "cooldown": 0.2}
KEEPS_READ_ONLY = ReconnectPolicy(on_read_only=False)


@pytest.fixture
def runner(resting):
    return functools.partial(
        TrialRunner,
        resting,
        Settings(seed=7),
        test="test",
        profile=None,
        expectations={},
        note=lambda _: None,
    )


@pytest.fixture
def profile_file(tmp_path):
    """Write a profile of one's own and return its path."""

    def write(**fields):
        path = tmp_path / "ours.toml"
        path.write_text("\n".join(f"{name} = {value!r}" for name, value in fields.items()))
        return str(path)

    return write


def kinds(trial):
    return {error.kind for error in trial.errors}


def test_a_quick_failover_is_short_and_loses_nothing(runner, resting):
    trial = fit(lambda: runner().trial(resting.writer_endpoint, **LOAD))

    trial.expect(downtime="< 2s", lost=0, duplicated=0, unexpected=0, stuck_writers=0,
                 stale_writes=0)  # fmt: skip
    assert trial.downtime > 0.15  # from the cut to the promotion at the least
    assert trial.writer_after == resting.writer != trial.writer_before
    assert {"refused", "read-only"} <= kinds(trial)
    assert trial.first_writer_back <= trial.last_writer_back


BROKEN_PROMOTION = """
import pytest_rdsfailover.local.gateway.router as r
def promote(self, *_, **__):
    raise RuntimeError("planted")
r.Router.promote = promote
from pytest_rdsfailover.local.gateway.main import main
import sys
sys.exit(main())
"""


@pytest.mark.one_server
@pytest.mark.usefixtures("direct")
def test_a_fault_of_the_gateway_is_named_by_whatever_waits_for_the_failover(
    server_program, monkeypatch
):
    def spawn(supervisor, name, argv, *more, **options):
        if name == "gateway":
            argv = [argv[0], "-c", BROKEN_PROMOTION]
        return real(supervisor, name, argv, *more, **options)

    real = Supervisor.spawn
    monkeypatch.setattr(Supervisor, "spawn", spawn)
    told = r"could not play all steps of a failover: promote instance-2: RuntimeError\('planted'\)"
    with LocalCluster(
        server_program, network_for(server_program), load_profile("quick")
    ) as cluster:
        runner = TrialRunner(
            cluster,
            Settings(seed=7),
            test="test",
            profile=None,
            expectations={},
            note=lambda _: None,
        )
        with pytest.raises(GatewayError, match=told):
            runner.trial(cluster.writer_endpoint, **LOAD)
        with pytest.raises(GatewayError, match=told):
            cluster.rest()


def test_the_fast_engine_sees_the_same_failover(runner, resting):
    trial = fit(lambda: runner().trial(resting.writer_endpoint, **LOAD, engine="fast"))

    trial.expect(downtime="< 2s", lost=0, duplicated=0, unexpected=0, stuck_writers=0,
                 stale_writes=0)  # fmt: skip
    assert trial.downtime > 0.15
    assert {"refused", "read-only"} <= kinds(trial)


def test_an_engine_that_there_is_not_is_refused(runner, resting):
    with pytest.raises(SettingError, match="threads, fast"):
        runner().trial(resting.writer_endpoint, engine="quick")


def test_readers_refuse_all_writes_so_the_load_never_worked(runner, resting):
    told = "the load had never worked; .*read"  # what the writers were told, or nobody knows why
    with pytest.raises(InvalidTrialError, match=told):
        runner().trial(resting.reader_endpoint, **LOAD, bound="2s")


def test_a_crash_in_place_keeps_its_writer(runner, resting, profile_file):
    crash = profile_file(refused="1s")
    trial = fit(lambda: runner().trial(resting.writer_endpoint, profile=crash, **LOAD))

    assert trial.valid
    assert trial.writer_before == trial.writer_after
    assert trial.downtime > 0.5
    assert "read-only" not in kinds(trial)
    trial.expect(lost=0, stuck_writers=0)


def test_a_lost_host_shows_as_silence_and_its_sessions_are_reset_when_it_is_back(
    runner, resting, profile_file
):
    lost = profile_file(cut="hang", refused="2s", promotion="600ms", dns="900ms")
    policy = ReconnectPolicy(bounds=Bounds(connect=0.3, read=0.3, write=0.3))
    trial = fit(
        lambda: runner().trial(resting.writer_endpoint, profile=lost, policy=policy, **LOAD)
    )

    trial.expect(lost=0, stuck_writers=0, stale_writes=0)
    assert "timeout" in kinds(trial)
    assert trial.downtime > 0.6


@pytest.mark.one_server
def test_dns_that_flips_and_flops_sends_writers_back_to_the_reader(runner, resting, profile_file):
    path = profile_file(refused="100ms", promotion="150ms")
    flips = 'dns = [["250ms", "250ms"], ["600ms", "600ms"], ["1s", "1s"]]'
    Path(path).write_text(f"{Path(path).read_text()}\n{flips}\n")
    trial = runner().trial(resting.writer_endpoint, profile=path, **LOAD)

    flips = [m.instance for m in trial.milestones if m.name == "dns_flip"]
    assert flips == [trial.writer_after, trial.writer_before, trial.writer_after]
    trial.expect(lost=0, stuck_writers=0, stale_writes=0)


@pytest.mark.one_server
def test_a_pool_that_keeps_its_connections_gets_stuck_on_the_demoted_writer(runner, resting):
    trial = runner().trial(
        resting.writer_endpoint, profile="stuck-pool", policy=KEEPS_READ_ONLY, bound="2s", **LOAD
    )

    assert trial.stuck_writers == LOAD["writers"]
    assert 1836 in {error.code for error in trial.errors}
    with pytest.raises(AssertionError, match="stuck_writers"):
        trial.expect(stuck_writers=0)
    assert runner().trial(
        resting.writer_endpoint, profile="stuck-pool", **LOAD
    ).stuck_writers == 0  # fmt: skip


def test_an_acknowledged_write_that_vanishes_is_lost_and_one_that_doubles_is_duplicated(
    runner, resting
):
    """The planted faults: one row deleted, one doubled, one that nobody wrote."""
    with runner().load(resting.writer_endpoint, **LOAD) as load:
        time.sleep(0.5)
        table = f"rds_writes_{load.journal.run}"
        with resting.writer_endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE writer = 3 AND sequence = 1")
            cursor.execute(f"INSERT INTO {table} (writer, sequence) VALUES (4, 0), (5, 999999)")
    trial = load.trial

    assert trial.lost == [load.journal.key(3, 1)]
    assert trial.duplicated == [load.journal.key(4, 0)]
    assert trial.unexpected == [load.journal.key(5, 999999)]
    with pytest.raises(AssertionError, match="lost"):
        trial.expect(lost=0)


def tables(endpoint):
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES LIKE 'rds\\_writes\\_%'")
        return [name for (name,) in cursor.fetchall()]


def test_a_table_goes_though_a_writer_breaks(runner, resting, monkeypatch):
    perform, broken = InsertSession.perform, threading.Event()

    def breaks(self, step, sequence):
        if sequence == 3:
            broken.set()
            raise SystemExit
        return perform(self, step, sequence)

    before = tables(resting.writer_endpoint)
    monkeypatch.setattr(InsertSession, "perform", breaks)
    with (
        pytest.raises(LoadError, match="broke: SystemExit"),
        runner().load(resting.writer_endpoint, **LOAD),
    ):
        assert broken.wait(10)

    assert tables(resting.writer_endpoint) == before


def test_a_trial_whose_table_cannot_be_dropped_is_noted_and_names_it(runner, resting):
    """The planted fault: a table that refers to the run's own, which therefore has to stay."""
    noted, endpoint = [], resting.writer_endpoint
    with pytest.warns(LeftBehindWarning) as warned:  # noqa: PT031, SIM117 - the end of the block warns
        with runner(note=noted.append).load(endpoint, **LOAD) as load:
            table = f"rds_writes_{load.journal.run}"
            with endpoint.connect() as connection, connection.cursor() as cursor:
                cursor.execute(
                    f"CREATE TABLE refers (id BIGINT, FOREIGN KEY (id) REFERENCES {table} (id))"
                )
            until(lambda: len(load.journal))

    assert noted == [load.trial]
    assert load.trial.acked > 0
    assert f"table {endpoint.database}.{table} is left behind" in str(warned[0].message)
    assert table in tables(endpoint)
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE refers, {table}")


def test_a_load_without_a_failover_is_measured_and_judged(runner, resting):
    with runner().load(resting.writer_endpoint, **LOAD) as load:
        time.sleep(0.5)

    load.trial.expect(lost=0, stuck_writers=0)
    assert load.trial.acked > 20
    assert load.trial.milestones == []


def test_a_load_whose_block_is_empty_is_judged_like_any_other(runner, resting):
    with runner().load(resting.writer_endpoint, **LOAD | {"cooldown": "0s"}) as load:
        pass

    assert load.trial.valid, load.trial.reason
    assert load.trial.acked > 0  # observation ends with an answer


@pytest.mark.one_server
def test_two_failovers_in_one_load_are_one_story(runner, resting):
    experiments = runner()
    with experiments.load(resting.writer_endpoint, **LOAD) as load:
        load.warm_up()
        experiments.fail_over()
        experiments.fail_over()

    names = [milestone.name for milestone in load.trial.milestones]
    assert names.count("trigger") == names.count("promoted") == 2
    load.trial.expect(lost=0, stuck_writers=0)


@pytest.mark.one_server
@pytest.mark.parametrize("is_async", [False, True])
def test_the_user_s_own_code_is_the_workload(runner, resting, is_async):
    endpoint = resting.writer_endpoint
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (reference VARCHAR(64))")

    def write(key, connection):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO notes VALUES (%s)", (key,))

    async def write_later(key, connection):
        write(key, connection)

    def stored():
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT reference FROM notes")
            return [reference for (reference,) in cursor.fetchall()]

    trial = fit(
        lambda: runner().trial(
            endpoint,
            workload=write_later if is_async else write,
            setup=endpoint.connect,
            teardown=lambda connection: connection.close(),
            renew="on_error",
            stored=stored,
            **LOAD,
        )
    )
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE notes")

    assert trial.acked > 20
    trial.expect(downtime="< 2s", lost=0, duplicated=0, stuck_writers=0)


@pytest.mark.one_server
def test_without_an_audit_nothing_is_said_about_lost_writes(runner, resting):
    def write(key):
        with resting.writer_endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))

    trial = runner().trial(resting.writer_endpoint, workload=write, **LOAD)

    with pytest.raises(AssertionError, match="nothing was read back"):
        assert trial.lost == []


@pytest.mark.one_server
@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("victim", ["gateway", "server", "toxiproxy"])
def test_a_dead_process_of_ours_is_an_error_with_its_log_and_never_a_figure(server_program, victim):
    plan = Plan(writers=4, rate=100.0, cooldown=0.1, bound=10.0)
    with LocalCluster(
        server_program, network_for(server_program), load_profile("quick")
    ) as cluster:
        endpoint = cluster.writer_endpoint
        pid = {
            "gateway": cluster._gateway.process,
            "server": cluster._server.process,
            "toxiproxy": cluster.network._process,
        }[victim].pid
        observation = Observation(
            cluster, endpoint, lambda journal: InsertWorkload(endpoint, journal.run), plan
        )
        with pytest.raises(DiedError, match="SIGKILL") as caught, observation:
            time.sleep(0.3)
            cluster.fail_over()
            os.kill(pid, signal.SIGKILL)
        assert caught.value.what.startswith(victim)
        with pytest.raises(RuntimeError):
            observation.trial  # noqa: B018 - it must not exist


@pytest.mark.usefixtures("direct")
def test_a_running_server_by_url_serves_and_is_left_as_it_was(server_program, supervisor):
    from pytest_rdsfailover.local.processes.ports import reserve_port

    with reserve_port() as port, OwnServer(server_program, supervisor, port=port) as server:
        admin = server.admin
        url = find_server(f"mysql://{admin.user}:{admin.password}@127.0.0.1:{port}")
        before = databases_and_users(server)
        with LocalCluster(url, network_for(server_program), load_profile("quick")) as cluster:
            runner = TrialRunner(
                cluster, Settings(), test="", profile=None, expectations={}, note=lambda _: None
            )
            trial = fit(lambda: runner.trial(cluster.writer_endpoint, **LOAD))
            trial.expect(downtime="< 2s", lost=0, stuck_writers=0)
            assert databases_and_users(server) != before
        assert databases_and_users(server) == before


def databases_and_users(server):
    from pytest_rdsfailover.local.server.accounts import session

    with session(server.address, server.admin) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        databases = set(cursor.fetchall())
        cursor.execute("SELECT user, host FROM mysql.user")
        return databases, set(cursor.fetchall())


def test_a_workload_that_never_returns_is_named(runner, resting):
    def hang(_):
        time.sleep(60)

    with pytest.raises(InvalidTrialError, match="the load had never worked") as raised:
        runner().trial(resting.writer_endpoint, workload=hang, **LOAD, bound="1s")

    found = raised.value.trial.complaints
    assert [each.error for each in found] == ["hangs"] * LOAD["writers"]
    assert all("time.sleep(60)" in each.trace for each in found)


def test_a_workload_of_keys_that_are_not_ours_is_left_alone(resting):
    from pytest_rdsfailover.journal.journal import Journal

    workload = CallWorkload(Journal("ab12", 2), lambda _: None, stored=lambda: ["ab12-1-0", "x"])

    assert list(workload.stored(resting.writer_endpoint)) == [(1, 0)]
