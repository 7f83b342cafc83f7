"""An API that is lost after the trigger, as when credentials expire: the trial keeps a verdict, the table goes."""

import pytest
from test_live_effect import LOAD, answer, tables

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.own_word import writer_by_own_word
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial import resting
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = pytest.mark.local
EXPIRED = b"<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error><RequestId>r</RequestId></ErrorResponse>"


@pytest.fixture
def blind(backend, monkeypatch):
    """Return a live cluster whose API refuses everything from the trigger on, and the trials of it."""
    live, trials, rest = backend(), [], resting.rest_awhile
    cluster, triggered = live.cluster(), []
    live.region.client("rds", once=True).meta.events.register(
        "before-send.rds.FailoverDBCluster", lambda **_: triggered.append(True)
    )
    live.region.client("rds").meta.events.register(
        "before-send.rds", lambda **_: answer(403, EXPIRED) if triggered else None
    )
    monkeypatch.setattr(
        resting, "rest_awhile", lambda target, clock, within: rest(target, clock, min(within, 0.5))
    )
    yield cluster, trials
    triggered.clear()
    cluster.rest()


def test_the_trial_is_invalid_with_its_figures_and_its_table_is_dropped(blind, stand_in):
    cluster, trials = blind
    before = stand_in.cluster.writer
    runner = TrialRunner(
        cluster, Settings(seed=7), test="t", profile=None, expectations={}, note=trials.append
    )
    with pytest.raises(InvalidTrialError, match=r"the failover was not over|not ready|in time"):
        runner.trial(cluster.writer_endpoint, **{**LOAD, "bound": 3.0})

    (taken,) = trials
    assert taken.writer_after == stand_in.cluster.writer != before
    assert taken.lost == []  # so the writes were read back
    assert tables(stand_in) == []


def test_only_one_instance_that_takes_writes_is_the_writer(blind, stand_in):
    cluster, _ = blind
    failover = cluster.fail_over()
    assert wait_until(stand_in.cluster.failovers[-1].settled, timeout=20, clock=MonotonicClock())
    writer, reader = stand_in.cluster.writer, stand_in.cluster.readers[0]

    assert cluster.writer == writer
    ends = [cluster.instance_endpoint(name) for name in (reader, writer)]
    assert writer_by_own_word(ends) == writer
    assert writer_by_own_word(ends[:1]) is None
    assert writer_by_own_word([ends[1], ends[1]]) is None
    assert not failover.settled()


def test_without_any_the_api_s_error_is_told(blind, monkeypatch):
    cluster, _ = blind
    cluster.fail_over()
    monkeypatch.setattr("pytest_rdsfailover.live.cluster.writer_by_own_word", lambda _: None)
    with pytest.raises(AwsError, match="ExpiredToken"):
        _ = cluster.writer
