"""A call that AWS accepts and does nothing about: issued again as AWS' own harness does, or invalid.

botocore's own hook before a request is sent answers in AWS' place.
"""

import json
import threading
from dataclasses import replace

import pytest
from regions import template_for

from pytest_rdsfailover.aws.client import AwsError, add_headers
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.failover import LiveFailover
from pytest_rdsfailover.live.gates import RefusedError
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.live.watch import LostWatchError
from pytest_rdsfailover.local.aws_api.script import SCRIPT, encode_script
from pytest_rdsfailover.local.profiles.profiles import parse_profile
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until
from pytest_rdsfailover.model.errors import RdsFailoverError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = pytest.mark.local

LOAD = {"writers": 4, "rate": 60.0, "warmup": 0.2, "cooldown": 0.1, "bound": 60.0}
DONE = b"<FailoverDBClusterResponse><FailoverDBClusterResult><DBCluster/></FailoverDBClusterResult><ResponseMetadata><RequestId>swallowed</RequestId></ResponseMetadata></FailoverDBClusterResponse>"
THROTTLED = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>"


def answer(status, body):
    """Return an answer as botocore's HTTP layer would."""
    from botocore.awsrequest import AWSResponse

    class Raw:
        def stream(self, **_):
            yield body

    return AWSResponse("https://rds", status, {"Content-Type": "text/xml"}, Raw())


@pytest.fixture
def swallow():
    """Let the first *times* requests of an operation be answered without any effect."""

    def plant(live, operation, times, *, once=True, status=200, body=DONE):
        left = [times]

        def instead(**_):
            left[0] -= 1
            return answer(status, body) if left[0] >= 0 else None

        client = live.region.client("rds", once=once)
        client.meta.events.register(f"before-send.rds.{operation}", instead)
        return left

    return plant


def ask(cursor):
    """Return the id of the instance that answers."""
    cursor.execute("SELECT @@aurora_server_id")
    return cursor.fetchone()[0]


def tables(stand_in):
    """Return the tables of loads that are in the user's schema."""
    with stand_in.cluster.audit_endpoint().connect() as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW TABLES LIKE 'rds\\_%'")
        return [name for (name,) in cursor.fetchall()]


def ask_endpoint(endpoint):
    with endpoint.connect() as connection, connection.cursor() as cursor:
        return ask(cursor)


def experiment_instead(live, *state):
    """Have FIS accept experiments and do nothing; return the status and reason that it tells."""
    told = list(state)

    def start(**_):
        return json_answer({"experiment": {"id": "EXPx"}})

    def describe(**_):
        status = {"status": told[0], "reason": told[1]}
        return json_answer({"experiment": {"id": "EXPx", "state": status}})

    once, often = live.region.client("fis", once=True), live.region.client("fis")
    once.meta.events.register("before-send.fis.StartExperiment", start)
    often.meta.events.register("before-send.fis.GetExperiment", describe)
    return told


def json_answer(body):
    return answer(200, json.dumps(body).encode())


def trial(cluster):
    trials = []
    runner = TrialRunner(
        cluster, Settings(seed=7), test="t", profile=None, expectations={}, note=trials.append
    )
    return runner.trial(cluster.writer_endpoint, **LOAD)


@pytest.fixture
def makers(monkeypatch):
    """Return the threads that make clients, in turn: boto3 cannot make two at once."""
    found, make = [], Region._make

    def noting(region, service, *, once, **others):
        found.append(threading.current_thread())
        return make(region, service, once=once, **others)

    monkeypatch.setattr(Region, "_make", noting)
    return found


def test_a_call_without_effect_is_issued_again(backend, stand_in, swallow, makers):
    live = backend(effect_within=0.5)
    before = stand_in.cluster.writer
    swallow(live, "FailoverDBCluster", 1)
    found = trial(live.cluster())

    assert found.valid
    assert found.writer_after == stand_in.cluster.writer != before
    assert live.region.mutating == ["rds:FailoverDBCluster"] * 2
    assert "trigger_again" in [each.name for each in found.milestones]
    assert live._ledger.used == 1
    assert set(makers) == {threading.main_thread()}  # though another thread has issued it again


def test_no_effect_at_all_is_an_invalid_trial_and_never_a_pass(backend, stand_in, swallow):
    live = backend(effect_within=0.4, attempts=2)
    before = stand_in.cluster.writer
    swallow(live, "FailoverDBCluster", 9)
    with pytest.raises(InvalidTrialError, match="the writer did not change"):
        trial(live.cluster())

    assert stand_in.cluster.writer == before
    assert live.region.mutating == ["rds:FailoverDBCluster"] * 2


def test_events_of_a_failover_just_before_are_none_of_its_own(backend, stand_in, swallow):
    """Or it would be waited for, because it seems to have begun."""
    stand_in.cluster.fail_over()
    stand_in.cluster.rest()
    live = backend(effect_within=0.4, attempts=1)
    swallow(live, "FailoverDBCluster", 1)
    failover = live.cluster().fail_over()

    assert wait_until(failover.settled, timeout=20.0, clock=MonotonicClock())
    names = {milestone.name for milestone in failover.milestones()}
    assert "no_effect" in names
    assert not {"event_started", "event_completed"} & names


def test_it_is_not_issued_again_once_a_gate_is_closed(backend, stand_in, swallow):
    live = backend(effect_within=0.5, alarms=("stop",))
    stand_in.alarm("stop", "OK")
    swallow(live, "FailoverDBCluster", 9)
    cluster = live.cluster()
    cluster.fail_over()
    stand_in.alarm("stop", "ALARM")
    cluster.rest()

    assert live.region.mutating == ["rds:FailoverDBCluster"]


def test_a_trigger_that_aws_throttles_is_not_sent_twice(backend, stand_in, swallow):
    """The SDK must not repeat it: a failover that was carried out could be answered by an error."""
    live = backend()
    left = swallow(live, "FailoverDBCluster", 9, status=400, body=THROTTLED)
    cluster = live.cluster()
    before = stand_in.cluster.writer
    with pytest.raises(AwsError, match="Throttling"):
        cluster.fail_over()

    assert left == [8]
    assert stand_in.cluster.writer == before


def test_throttling_while_it_is_watched_is_survived(backend, swallow):
    live = backend()
    cluster = live.cluster()
    cluster.prepare()
    swallow(live, "DescribeDBClusters", 3, once=False, status=400, body=THROTTLED)

    assert trial(cluster).valid


def test_a_secret_that_is_rotated_in_a_trial_is_read_anew(backend, stand_in, monkeypatch):
    """Whoever logs in after the failover has the new password: writers, probes, audit, clean-up."""
    cluster = backend().cluster()
    arn, start = stand_in.described["MasterUserSecret"]["SecretArn"], LiveFailover.start

    def rotated(failover, done):
        stand_in.client("secretsmanager").rotate_secret(SecretId=arn)
        start(failover, done)

    monkeypatch.setattr(LiveFailover, "start", rotated)
    taken = trial(cluster)

    assert taken.valid
    assert taken.lost == []  # so the writes were read back
    assert tables(stand_in) == []


def test_an_api_that_is_behind_sql_and_tells_of_its_events_late_is_waited_for(backend, stand_in):
    with stand_in.cluster.aws.impaired(lag="500ms", late_events="1s"):
        wait_until(
            lambda: stand_in.described["Status"] == "available", timeout=5, clock=MonotonicClock()
        )
        cluster = backend().cluster()
        taken = trial(cluster)

    assert taken.valid
    at = {milestone.name: milestone.at for milestone in taken.milestones}
    assert at["api_writer"] > at["promoted"] + 0.3
    assert {"event_started", "event_completed"} <= at.keys()


def test_a_watch_that_breaks_is_an_error_and_never_a_number(backend):
    cluster = backend().cluster()
    failover = cluster.fail_over()
    failover._watchers[0].error = RuntimeError("planted")
    try:
        with pytest.raises(LostWatchError, match="planted"):
            cluster.rest()
    finally:
        failover._watchers[0].error = None
        cluster.rest()


def test_a_second_failover_before_the_end_of_the_first_is_refused(backend):
    live = backend(max_failovers=5)
    cluster = live.cluster()
    cluster.fail_over()
    with pytest.raises(RdsFailoverError, match="still on its way"):
        cluster.fail_over()
    cluster.rest()
    assert live.region.mutating == ["rds:FailoverDBCluster"]


class TestTriggers:
    def test_a_reboot_of_the_writer(self, backend, stand_in):
        live = backend(trigger="reboot", allow_reboot=True)
        shortly = parse_profile("short-crash", {"onset": "50ms", "refused": "500ms"})
        rds = live.region.client("rds", once=True)
        add_headers(rds, "RebootDBInstance", lambda: {SCRIPT: encode_script(shortly, 1)})
        before = stand_in.cluster.writer
        found = trial(live.cluster())

        assert found.valid
        assert found.writer_before == found.writer_after == before
        assert live.region.mutating == ["rds:RebootDBInstance"]

    def test_a_crash_of_the_writer(self, backend, stand_in):
        live = backend(trigger="crash", allow_crash=True)
        before = stand_in.cluster.writer
        found = trial(live.cluster())

        assert found.valid
        assert found.writer_after == before
        assert live.region.mutating == []

    def test_a_crash_is_of_the_instance_that_was_judged(self, backend, stand_in, monkeypatch):
        """Even if RDS says, a moment after the gates were asked, that another is the writer."""
        live = backend(trigger="crash", allow_crash=True)
        cluster = live.cluster()
        judged, crashed = cluster.writer, []
        admit, told = cluster._gates.admit, live.region.cluster

        def moved(name):
            found = dict(told(name))
            found["DBClusterMembers"] = [
                member | {"IsClusterWriter": not member["IsClusterWriter"]}
                for member in found["DBClusterMembers"]
            ]
            return found

        def then_moves(plan):
            admit(plan)
            monkeypatch.setattr(live.region, "cluster", moved)

        monkeypatch.setattr(cluster._gates, "admit", then_moves)
        monkeypatch.setattr(cluster._act, "_send_crash", lambda cursor: crashed.append(ask(cursor)))
        cluster.fail_over().stop()

        assert crashed == [judged] == [stand_in.cluster.writer]

    @pytest.mark.parametrize("who", ["another", "a reader"])
    def test_a_crash_is_refused_if_another_instance_answers(self, backend, stand_in, who):
        """A name may lead elsewhere; then the session is closed and nothing is crashed."""
        live = backend(trigger="crash", allow_crash=True)
        cluster = live.cluster()
        writer, reader = cluster.writer, cluster.readers[0]
        name = {"another": writer, "a reader": reader}[who]
        there = cluster.instance_endpoint(reader)
        cluster._act._endpoint_of = lambda _: there
        with pytest.raises(RefusedError, match=f"unchanged: {name} was to be crashed, but"):
            cluster._act(TriggerPlan(writer=name, target=None))

        assert stand_in.cluster.writer == writer
        assert ask_endpoint(there) == reader  # so it runs

    @pytest.mark.parametrize("trigger", ["failover", "reboot"])
    @pytest.mark.parametrize("who", ["another", "a reader"])
    def test_no_trigger_is_sent_for_a_writer_that_says_itself_it_is_none(
        self, backend, trigger, who
    ):
        """The API tells of a new writer seconds after SQL does."""
        live = backend(trigger=trigger, allow_reboot=True)
        cluster = live.cluster()
        writer, reader = cluster.writer, cluster.readers[0]
        name = {"another": writer, "a reader": reader}[who]
        there = cluster.instance_endpoint(reader)
        cluster._act._endpoint_of = lambda _: there
        with pytest.raises(
            RefusedError, match=f"unchanged: {name} was the writer when this was planned, but"
        ):
            cluster._act(TriggerPlan(writer=name, target=None))

        assert live.region.mutating == []

    def test_a_writer_that_does_not_answer_is_judged_by_the_gates_alone(self, backend):
        live = backend(trigger="failover")
        cluster = live.cluster()
        nobody = replace(cluster.writer_endpoint, port=1)
        cluster._act._endpoint_of = lambda _: nobody
        cluster.fail_over()
        cluster.rest()

        assert live.region.mutating == ["rds:FailoverDBCluster"]

    def test_an_experiment_of_fis(self, backend, stand_in):
        arn = stand_in.described["DBClusterArn"]
        template = template_for(stand_in, {"resourceArns": [arn]})
        live = backend(trigger="fis", fis_template=template)
        before = stand_in.cluster.writer
        found = trial(live.cluster())

        assert found.valid
        assert found.writer_after != before
        assert live.region.mutating == ["fis:StartExperiment"]

    def test_an_experiment_that_fails_is_named_and_not_repeated(self, backend, stand_in):
        """Its reason is AWS' own: here the cluster of the template was not found."""
        arn = stand_in.described["DBClusterArn"]
        template = template_for(stand_in, {"resourceArns": [arn]})
        live = backend(trigger="fis", fis_template=template, effect_within=0.5)
        cluster = live.cluster()
        experiment_instead(live, "failed", "AuthorizationFailure: not allowed")
        with pytest.raises(InvalidTrialError, match=r"experiment EXPx is failed: Authorization"):
            trial(cluster)

        assert live.region.mutating == ["fis:StartExperiment"]

    def test_a_second_experiment_is_not_started_while_the_first_may_still_act(
        self, backend, stand_in
    ):
        arn = stand_in.described["DBClusterArn"]
        template = template_for(stand_in, {"resourceArns": [arn]})
        live = backend(trigger="fis", fis_template=template, effect_within=0.3)
        cluster = live.cluster()
        told = experiment_instead(live, "initiating", "")
        failover = cluster.fail_over()
        assert not wait_until(failover.settled, timeout=1.5, clock=MonotonicClock())
        assert live.region.mutating == ["fis:StartExperiment"]
        told[:] = ["completed", "nothing to act on"]
        assert wait_until(
            lambda: len(live.region.mutating) == 3, timeout=20.0, clock=MonotonicClock()
        )
        cluster.rest()

        names = [milestone.name for milestone in failover.milestones()]
        assert names.count("trigger_again") == 2
        assert {"experiment_initiating", "experiment_completed", "no_effect"} <= set(names)

    def test_an_experiment_that_may_act_on_more_is_refused(self, backend, stand_in):
        template = template_for(stand_in, {"resourceTags": {"env": "test"}})
        live = backend(trigger="fis", fis_template=template)
        with pytest.raises(RdsFailoverError, match="permission"):
            live.cluster()
        assert live.region.mutating == []
