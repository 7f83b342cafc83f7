"""Each closed gate, end to end: nothing that changes anything is sent, and nothing changes.

The requests are those that botocore announces before it sends them; what the region and the
database make of it is looked at as well.
"""

import time

import pytest
from regions import ACCOUNT, shut

from pytest_rdsfailover.live import gates
from pytest_rdsfailover.live.backend import DryRunError
from pytest_rdsfailover.live.gates import RefusedError
from pytest_rdsfailover.model.clock import MonotonicClock
from pytest_rdsfailover.model.errors import RdsFailoverError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = pytest.mark.local

LOAD = {"writers": 2, "rate": 40.0, "warmup": 0.1, "cooldown": 0.1, "bound": 20.0}


def trial(live):
    """Do what a test does with rds_cluster and rds_trial."""
    cluster = live.cluster()
    runner = TrialRunner(
        cluster, Settings(seed=7), test="t", profile=None, expectations={}, note=lambda _: None
    )
    return runner.trial(cluster.writer_endpoint, **LOAD)


@pytest.fixture
def untouched(stand_in):
    """Hold the test to this: no failover, the same writer, no new table."""

    def state():
        with (
            stand_in.cluster.audit_endpoint().connect() as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SHOW TABLES")
            tables = sorted(cursor.fetchall())
        return len(stand_in.cluster.failovers), stand_in.cluster.writer, tables

    before = state()
    yield
    assert state() == before


def refused(live, gate):
    with pytest.raises(RefusedError) as caught:
        trial(live)
    assert gate in [refusal.gate for refusal in caught.value.refusals]
    assert live.region.mutating == []
    return str(caught.value)


def test_the_recording_of_calls_sees_a_trigger(backend):
    """Else none of the tests below would prove anything."""
    live = backend()
    trial(live)

    assert live.region.mutating == ["rds:FailoverDBCluster"]


@pytest.mark.usefixtures("untouched")
class TestGates:
    def test_1_another_account(self, backend):
        assert f"account {ACCOUNT}" in refused(backend(account="111122223333"), "identity")

    def test_1_another_region(self, backend):
        """The stand-in answers for every region; the cluster is in one."""
        refused(backend(region="eu-west-1"), "identity")

    def test_2_no_opt_in_tag(self, backend, stand_in):
        stand_in.tag()
        assert "must carry the tag" in refused(backend(), "consent")

    def test_2_a_tag_that_denies(self, backend, stand_in):
        stand_in.tag(rdsfailover__allowed="never")
        assert "forbids" in refused(backend(), "consent")

    def test_2_production(self, backend, stand_in):
        stand_in.tag(rdsfailover__allowed="true", Environment="prod")
        assert "looks like production" in refused(backend(), "consent")
        refused(backend(production_override="another-cluster"), "consent")

    def test_4_a_proxy_that_is_not_there(self, backend):
        refused(backend(proxy="nobody"), "proxy")

    def test_5_an_alarm(self, backend, stand_in):
        stand_in.alarm("errors", "ALARM")
        assert "errors is ALARM" in refused(backend(alarms=("errors",)), "alarms")

    def test_5_an_alarm_that_does_not_exist(self, backend):
        assert "nothing is not there" in refused(backend(alarms=("nothing",)), "alarms")

    def test_5_an_alarm_that_begins_before_the_trigger(self, backend, stand_in):
        stand_in.alarm("late", "OK")
        live = backend(alarms=("late",))
        cluster = live.cluster()
        cluster.prepare()
        stand_in.alarm("late", "ALARM")
        with pytest.raises(RefusedError, match="late is ALARM"):
            cluster.fail_over()
        assert live.region.mutating == []

    def test_6_the_budget(self, backend):
        live = backend()
        live._ledger.acquire(1)
        live._ledger.spend(0.0)
        assert "1 of 1 failovers" in refused(live, "budget")

    def test_6_a_failover_that_was_a_moment_ago(self, backend):
        live = backend(min_interval=300.0)
        live._ledger.acquire(1)
        live._ledger.spend(time.time())
        live._ledger._session = "another"  # so that the budget is whole
        assert "must lie between two" in refused(live, "budget")

    def test_6_the_kill_switch(self, backend, tmp_path):
        switch = tmp_path / "stop"
        switch.touch()
        assert "kill switch" in refused(backend(kill_switch=str(switch)), "budget")

    @pytest.mark.parametrize("text", ["STOP", "~/STOP", "$HOME/STOP"])
    def test_6_the_kill_switch_by_any_path_after_a_change_of_directory(
        self, backend, tmp_path, monkeypatch, text
    ):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.chdir(tmp_path)
        live = backend(kill_switch=text)
        (tmp_path / "STOP").symlink_to(tmp_path / "nothing")
        monkeypatch.chdir("/")
        assert "kill switch" in refused(live, "budget")

    def test_6_a_kill_switch_that_cannot_be_seen(self, backend, tmp_path):
        live = backend(kill_switch=str(tmp_path / "unmounted" / "STOP"))
        assert "the kill switch could not be learned" in refused(live, "budget")

    def test_6_an_event_of_a_distant_future_is_not_waited_for(self, backend, monkeypatch):
        live = backend(min_interval=300.0, max_failovers=2)
        live._ledger.acquire(1)
        live._ledger.spend(4.07e9)
        slept = []
        monkeypatch.setattr(MonotonicClock, "sleep", lambda _, seconds: slept.append(seconds))
        assert "a clock is wrong" in refused(live, "budget")
        assert max(slept) <= 301.0

    def test_6_a_session_is_not_made_younger_by_the_clock(self, backend, monkeypatch):
        live = backend(max_time=0.001)
        now = time.time() - 86400.0
        monkeypatch.setattr(time, "time", lambda: now)
        assert "older than" in refused(live, "budget")

    def test_7_a_ledger_that_is_deleted(self, backend):
        live = backend()
        cluster = live.cluster()
        live._ledger._state.unlink()
        with pytest.raises(RefusedError, match="not ours"):
            cluster.fail_over()
        assert live.region.mutating == []

    def test_7_somebody_else_s_lock(self, backend):
        other = backend()
        other.cluster()
        live = backend()
        with pytest.raises(RdsFailoverError, match="used by another process"):
            trial(live)
        assert live.region.calls == []

    def test_7_a_lock_that_is_lost(self, backend):
        live = backend()
        cluster = live.cluster()
        live._ledger.release()
        with pytest.raises(RefusedError, match="not ours"):
            cluster.fail_over()
        assert live.region.mutating == []

    def test_8_a_dry_run_describes_and_skips(self, backend, tmp_path):
        live = backend(dry_run=True)
        with pytest.raises(DryRunError, match=r"writer instance-. -> the cluster chooses"):
            trial(live)
        actions = {call.action.partition(":")[2] for call in live.region.calls}
        assert {name for name in actions if not name.startswith("Describe")} == {
            "GetCallerIdentity"
        }
        assert "dry run" in (tmp_path / "live" / "audit.jsonl").read_text()

    def test_8_a_dry_run_tells_which_gates_are_closed(self, backend, stand_in):
        stand_in.tag()
        with pytest.raises(DryRunError, match="closed gate: consent"):
            trial(backend(dry_run=True))

    def test_9_a_writer_that_is_another_than_planned(self, backend, monkeypatch):
        live = backend()
        cluster = live.cluster()
        cluster.prepare()
        told = live.region.cluster

        def moved(name):
            found = dict(told(name))
            found["DBClusterMembers"] = [
                member | {"IsClusterWriter": not member["IsClusterWriter"]}
                for member in found["DBClusterMembers"]
            ]
            return found

        monkeypatch.setattr(live.region, "cluster", moved)
        with pytest.raises(RefusedError, match="unchanged: the writer was"):
            cluster.fail_over()
        assert live.region.mutating == []

    def test_10_no_audit_record(self, backend, tmp_path):
        (tmp_path / "a-file").touch()
        live = backend(audit=str(tmp_path / "a-file" / "audit.jsonl"))
        assert "audit record" in refused(live, "traceable")

    def test_aws_that_does_not_answer(self, backend):
        """What cannot be learned is not assumed."""
        refused(backend(endpoint_url="http://127.0.0.1:9"), "identity")

    def test_a_cluster_that_does_not_exist(self, backend):
        refused(backend(cluster="nobody"), "identity")


def test_6_failovers_of_one_session_wait_for_each_other(backend, monkeypatch):
    """Whichever worker's they are; the events of the first end later than it was triggered."""
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "one-run")
    time.sleep(2.0)  # what was before is another session's, which is refused, not waited for
    for _ in range(2):
        live = backend(min_interval=1.0, max_failovers=2)
        cluster = live.cluster()
        cluster.fail_over()
        live.release()
        assert live.region.mutating == ["rds:FailoverDBCluster"]


def test_3_a_cluster_that_is_failing_over_already(backend, stand_in):
    live = backend()
    cluster = live.cluster()
    cluster.prepare()
    stand_in.cluster.fail_over(profile="stuck-pool")  # somebody else's
    with pytest.raises(RefusedError, match="state: its status is failing-over"):
        cluster.fail_over()

    assert live.region.mutating == []


def test_every_gate_that_were_closed_at_the_last_moment_would_stop_the_trigger(
    backend, monkeypatch
):
    """The gates are all asked again after the plan was made: each planted refusal must be heard."""
    live = backend()
    cluster = live.cluster()
    cluster.prepare()
    for gate in gates.GATES:
        with monkeypatch.context() as patch:
            shut(gate, patch)
            with pytest.raises(RefusedError, match=f"{gate.__name__}: planted"):
                cluster.fail_over()
        assert live.region.mutating == []

    cluster.fail_over()  # which nothing else refuses
    assert live.region.mutating == ["rds:FailoverDBCluster"]


def test_without_the_gates_the_planted_wrongs_would_be_triggered(backend, stand_in, monkeypatch):
    """The other direction: it is the gates that refuse, nothing else."""
    stand_in.tag()
    monkeypatch.setattr(gates, "GATES", ())
    monkeypatch.setattr(gates, "consent", lambda _: "")
    live = backend()
    trial(live)

    assert live.region.mutating == ["rds:FailoverDBCluster"]
