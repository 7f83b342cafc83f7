"""What a typed test writes, as mypy --strict and pyright must take it; never run.

`tests/test_typing.py` runs both over it.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from fractions import Fraction
from typing import Any, assert_type

import pytest

from pytest_rdsfailover import (
    Attempt,
    Attempts,
    AwaitedLoad,
    AwsApi,
    BeginAttempt,
    Bounds,
    Claims,
    Cluster,
    Endpoint,
    FailOver,
    Failover,
    Fault,
    Faults,
    Figure,
    HttpWorkload,
    InvalidTrialError,
    LambdaWorkload,
    LoadBlock,
    LoadOptions,
    Milestone,
    Outcome,
    OwnFault,
    Pin,
    Population,
    ProcessWorkload,
    ProxyChanges,
    ProxyStats,
    RdsFailoverError,
    Reads,
    ReconnectPolicy,
    RunTrial,
    RunTrials,
    Sample,
    StartCluster,
    StartLoad,
    Toxic,
    ToxicOptions,
    Trial,
    Trials,
    UnsafeError,
    Window,
)

CLAIMS: Claims = {"downtime": "p95 < 2s", "lost": 0, "no_downtime": ">= 60%"}
SHARED: ProxyChanges = {"max_connections_percent": 5, "session_pinning_filters": []}
SLOW: ToxicOptions = {"latency": 50, "jitter": 5, "stream": "upstream"}
GENTLE: LoadOptions = {"writers": 4, "rate": 50, "warmup": "2s"}


def place(key: str) -> None: ...
def place_on(key: str, connection: object) -> None: ...
async def place_async(key: str) -> None: ...
def listed() -> list[str]:
    return []


async def listed_async() -> set[str]:
    return set()


def place_reported(key: str, attempt: BeginAttempt) -> None:
    with attempt() as one:
        assert_type(one, Attempt)
        one.sent = False


def place_all(key: str, connection: object, *, attempt: BeginAttempt) -> None: ...


def test_a_trial(rds_trial: RunTrial, rds_cluster: Cluster) -> None:
    trial = rds_trial(rds_cluster.writer_endpoint, writers=16, rate=500, load="open")
    assert_type(trial, Trial)
    assert_type(trial.downtime, Figure)
    assert_type(trial.lost, list[str])
    assert_type(trial.outages, Figure)
    assert_type(trial.outage_windows, list[Window])
    assert_type(trial.attempts, Attempts | None)
    assert_type(trial.reads, Reads | None)
    assert_type(trial.milestones, list[Milestone])
    assert trial.downtime < 2.0
    assert 0 <= trial.downtime <= trial.downtime
    assert trial.downtime == pytest.approx(1.0, abs=0.5)
    trial.expect(downtime="< 2s", lost=0, duplicated="<= 3", p99="< 500ms")


def test_arithmetic_of_figures(rds_trial: RunTrial, rds_cluster: Cluster) -> None:
    found = rds_trial(rds_cluster.writer_endpoint)
    down, waited = found.downtime, found.figures["p99"]
    assert_type(down + waited - 0.5, Figure)
    assert_type(2 * down, Figure)
    assert_type(1 - down, Figure)
    assert_type(down / 2 + 1 / waited, Figure)
    assert_type(down / waited, Figure)
    assert_type(down // 1, Figure)
    assert_type(-abs(down), Figure)
    assert_type(+down, Figure)
    assert_type(round(down, 3), Figure)
    assert_type(max(down, waited), Figure)
    assert_type(min([down, waited], key=lambda figure: figure.value), Figure)
    assert_type(sum([waited], start=down), Figure)
    assert_type(down + Decimal("0.5"), Figure)
    assert_type(down < Fraction(1, 2), bool)
    assert_type(down < 2, bool)
    assert_type(2 > down >= waited, bool)
    assert_type(down == 0, bool)
    assert_type(float(down), float)
    assert_type(down.lower + down.upper - down.value, float)


def test_every_option(rds_trial: RunTrial, rds_cluster: Cluster) -> None:
    rds_trial(
        rds_cluster.proxy_endpoint,
        target="instance-2",
        profile="aurora",
        engine="fast",
        processes=2,
        policy=ReconnectPolicy(bounds=Bounds(read=3.0), backoff=0.1),
        cooldown="1s",
        bound=30.0,
        retries=3,
    )
    rds_trial(rds_cluster.writer_endpoint, load="closed", think="50ms")
    rds_trial(rds_cluster.writer_endpoint, target="instance-2", **GENTLE)


def test_workloads(rds_trial: RunTrial, rds_cluster: Cluster) -> None:
    endpoint = rds_cluster.instance_endpoint("instance-1")
    rds_trial(endpoint, workload=lambda key: place(reference(key)), stored=listed)
    rds_trial(endpoint, workload=place_async, stored=listed_async)
    rds_trial(endpoint, workload=place_reported, stored=lambda: (key for key in listed()))
    rds_trial(endpoint, workload={place: 3, place_async: 1}, reads={listed: 2}, stored=listed)
    rds_trial(endpoint, workload={"write": 3, "read": 2}, reader=rds_cluster.reader_endpoint)
    rds_trial(endpoint, workload=lambda key, attempt: place_reported(key, attempt))
    rds_trial(endpoint, workload=place_all, setup=endpoint.connect)
    rds_trial(endpoint, workload=lambda key, connection: place_on(key, connection))
    rds_trial(endpoint, workload=place, reads=lambda connection: connection.ping())
    rds_trial(endpoint, workload=place_on, setup=endpoint.connect, teardown=lambda one: one.close())


def test_workloads_outside(rds_trial: RunTrial, rds_cluster: Cluster) -> None:
    url, program = "http://127.0.0.1/{key}", ("python", "writer.py")
    by_http = HttpWorkload(url=url, method="PUT", outcomes={404: "unknown", 409: "acked"})
    rds_trial(rds_cluster.writer_endpoint, workload=by_http)
    by_function = LambdaWorkload(function="orders", client=rds_cluster.aws.client("lambda"))
    rds_trial(rds_cluster.writer_endpoint, workload=by_function)
    rds_trial(rds_cluster.writer_endpoint, functions=50, function="rdsfailover-load", writers=4)
    rds_trial(rds_cluster.writer_endpoint, workload=ProcessWorkload(command=program))
    rds_trial(rds_cluster.writer_endpoint, workload=ProcessWorkload(command=["true"]))


def reference(key: str) -> str:
    return key


def test_trials(rds_trials: RunTrials, rds_cluster: Cluster) -> None:
    found = rds_trials(
        rds_cluster.writer_endpoint, trials=59, spacing="1s", claims=CLAIMS, stop_early=True, rate=9
    )
    assert_type(found, Trials)
    assert_type(found[0], Sample)
    assert_type(found.summary, Population)
    assert_type(found.downtimes, list[Figure])
    found.expect(confidence=0.9, downtime="median < 2s", lost=0)


def test_a_load(rds_load: StartLoad, rds_failover: FailOver, rds_cluster: Cluster) -> None:
    with rds_load(rds_cluster.writer_endpoint, writers=8) as load:
        load.warm_up()
        milestones = rds_failover(rds_cluster.readers[0], profile="quick", wait=False)
        assert_type(load.silence, float)
    assert_type(milestones[0], Milestone)
    assert_type(load.trial, Trial)


async def test_awaited(
    rds_trial: RunTrial,
    rds_trials: RunTrials,
    rds_load: StartLoad,
    rds_failover: FailOver,
    rds_cluster: Cluster,
) -> None:
    endpoint = rds_cluster.writer_endpoint
    assert_type(await rds_trial.run(endpoint, workload=place_async, loops="one"), Trial)
    assert_type(await rds_trials.run(endpoint, trials=3, claims=CLAIMS), Trials)
    async with rds_load(endpoint, workload=place_async, calm_not_issued="20%") as load:
        assert_type(load, AwaitedLoad)
        await load.warm_up()
        assert_type(load.silence, float)
        assert_type((await rds_failover.run(wait=False))[0], Milestone)
    assert_type(load.trial, Trial)
    assert_type(rds_load(endpoint), LoadBlock)


def test_options_of_clients(rds_trial: RunTrial, rds_cluster: Cluster) -> None:
    endpoint = rds_cluster.writer_endpoint
    loop = asyncio.new_event_loop()
    trial = rds_trial(endpoint, workload=place_async, loop=loop, calm_errors="5%")
    assert_type(trial.complaints[0].remedy, str)
    rds_trial(endpoint, workload=place_on, setup=endpoint.connect, renew="on_error")
    rds_trial(endpoint, workload=place_async, loops="per writer")


def test_what_is_around(rds_cluster: Cluster, rds_toxiproxy: Faults, rds_aws: AwsApi) -> None:
    assert_type(rds_cluster.writer, str)
    assert_type(rds_cluster.failovers[-1], Failover)
    assert_type(rds_cluster.writer_endpoint.tls.ca, str | None)
    assert_type(rds_cluster.proxy.stats(), ProxyStats)
    assert_type(rds_cluster.proxy.pins, list[Pin])
    rds_cluster.proxy.modify(require_tls=True, iam_auth="REQUIRED")
    rds_cluster.proxy.modify(**SHARED)
    assert rds_cluster.mode == "local"
    assert rds_cluster.proxy.stats("proxy-reader").pinned == 0
    with rds_toxiproxy.toxic(rds_cluster.reader_endpoint, "latency", **SLOW):
        pass
    with rds_toxiproxy.client.toxic("cluster", type="slicer", attributes={"delay": 9}):
        pass
    with rds_toxiproxy.down(rds_cluster.writer_endpoint):
        pass
    with rds_toxiproxy.toxic(rds_cluster.writer_endpoint, "latency", latency=50) as toxic:
        assert_type(toxic, Toxic)
    with rds_aws.impaired(lag="2s", late_events="5s", rate_exceeded=0.1):
        rds_aws.client("rds").describe_db_clusters(DBClusterIdentifier=rds_aws.cluster)


def test_several(
    rds_clusters: StartCluster, rds_trial: RunTrial, rds_trials: RunTrials, rds_load: StartLoad
) -> None:
    orders = rds_clusters(3)
    assert_type(rds_trial.on(orders)(orders.writer_endpoint), Trial)
    assert_type(rds_trials.on(orders)(orders.writer_endpoint, trials=2), Trials)
    assert_type(rds_load.on(orders)(orders.writer_endpoint), LoadBlock)
    assert_type(orders.writer_endpoint.env("mysql"), dict[str, str])


def test_errors(rds_trial: RunTrial, rds_cluster: Cluster) -> None:
    with pytest.raises(InvalidTrialError) as invalid:
        rds_trial(rds_cluster.writer_endpoint)
    assert_type(invalid.value.trial, Trial)
    assert issubclass(UnsafeError, RdsFailoverError)


def pytest_rdsfailover_trigger(cluster: Cluster, instance: str | None) -> Failover | None:
    if instance is None:
        return OwnFault(triggered=0.0, profile="own", seen=[Milestone(name="back", at=1.0)])
    return cluster.fail_over(instance)


def pytest_rdsfailover_classify_error(error: Exception) -> tuple[Outcome, Fault] | None:
    return (Outcome.REFUSED, Fault(0, "mine")) if isinstance(error, KeyError) else None


def wrapped(run: RunTrial, endpoint: Endpoint) -> Callable[[], Trial]:
    return lambda: run(endpoint, **GENTLE)


def faulted(faults: Faults, endpoint: Endpoint) -> AbstractContextManager[Any]:
    return faults.down(endpoint)
