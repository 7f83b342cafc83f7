"""What mypy --strict and pyright must refuse, line by line; never run.

Each refused line says so. One that is no longer refused fails: both checkers report an `ignore`
that hides nothing.
"""

import pytest_rdsfailover as face
from pytest_rdsfailover import (
    AwsApi,
    BlueGreen,
    Claims,
    Cluster,
    DatabaseFaults,
    FailOver,
    Faults,
    Figure,
    HttpWorkload,
    LambdaWorkload,
    Milestone,
    OwnFault,
    ProcessWorkload,
    ReconnectPolicy,
    RunTrial,
    RunTrials,
    Sample,
    StartCluster,
    StartLoad,
)

face.NoSuchName  # type: ignore[attr-defined]
CLAIMS: Claims = {"downtim": "p95 < 2s"}  # type: ignore[typeddict-unknown-key]


def keyless() -> None: ...


def test_trials(rds_trial: RunTrial, rds_trials: RunTrials, rds_cluster: Cluster) -> None:
    endpoint = rds_cluster.writer_endpoint
    rds_trial()  # type: ignore[call-arg]
    rds_trials(endpoint, 16)  # type: ignore[call-arg]
    rds_trial("127.0.0.1")  # type: ignore[arg-type]
    rds_trial(endpoint, writer=3)  # type: ignore[call-arg]
    rds_trial(endpoint, writers="3")  # type: ignore[arg-type]
    rds_trial(endpoint, rate="500/s")  # type: ignore[arg-type]
    rds_trial(endpoint, load="closd")  # type: ignore[arg-type]
    rds_trial(endpoint, engine="thread")  # type: ignore[arg-type]
    rds_trial(endpoint, policy=0.5)  # type: ignore[arg-type]
    rds_trial(endpoint, reader="reader")  # type: ignore[arg-type]
    rds_trial(endpoint, workload="write")  # type: ignore[arg-type]
    rds_trial(endpoint, workload=keyless)  # type: ignore[arg-type]
    rds_trial(endpoint, workload={"writ": 3})  # type: ignore[dict-item]
    rds_trial(endpoint, workload={keyless: 3})  # type: ignore[dict-item]
    rds_trial(endpoint, stored=["key"])  # type: ignore[arg-type]
    rds_trial(endpoint, trials=5)  # type: ignore[call-arg]
    rds_trial(endpoint).expect(downtim="< 2s")  # type: ignore[call-arg]
    rds_trial(endpoint).expect(downtime=2.0)  # type: ignore[arg-type]
    rds_trial(endpoint).no_such_field  # type: ignore[attr-defined]
    rds_trials(endpoint, trial=5)  # type: ignore[call-arg]
    rds_trials(endpoint, spacing=5)  # type: ignore[arg-type]
    rds_trials(endpoint, confidence="95%")  # type: ignore[arg-type]
    rds_trials(endpoint, stop_early="yes")  # type: ignore[arg-type]
    rds_trials(endpoint, claims={"lot": 0})  # type: ignore[arg-type]
    rds_trials(endpoint).expect(no_downtim=">= 60%")  # type: ignore[call-arg]
    rds_trials(endpoint).median  # type: ignore[attr-defined]


def test_arithmetic_of_figures(down: Figure) -> None:
    assert down < "2s"  # type: ignore[operator]
    assert down >= None  # type: ignore[operator]
    down + "1s"  # type: ignore[operator]
    down / "2"  # type: ignore[operator]
    down - None  # type: ignore[operator]
    down % 2  # type: ignore[operator]
    down**2  # type: ignore[operator]
    down & 1  # type: ignore[operator]
    down[0]  # type: ignore[index]
    len(down)  # type: ignore[arg-type]
    down.lower = 0.0  # type: ignore[misc]
    down.seconds  # type: ignore[attr-defined]
    down()  # type: ignore[operator]


def test_loads(rds_load: StartLoad, rds_failover: FailOver, rds_cluster: Cluster) -> None:
    with rds_load(rds_cluster.writer_endpoint, profile="quick"):  # type: ignore[call-arg]
        pass
    with rds_load(rds_cluster.writer_endpoint) as load:
        load.trials  # type: ignore[attr-defined]
    rds_failover(1)  # type: ignore[arg-type]
    rds_failover("instance-2", "quick")  # type: ignore[call-arg]
    rds_failover(waits=True)  # type: ignore[call-arg]


def test_clusters(rds_cluster: Cluster, rds_toxiproxy: Faults) -> None:
    rds_cluster.writer = "instance-2"  # type: ignore[misc]
    rds_cluster.endpoint  # type: ignore[attr-defined]
    rds_cluster.instance_endpoint()  # type: ignore[call-arg]
    rds_cluster.writer_endpoint.port = 3306  # type: ignore[misc]
    rds_cluster.proxy.stats().clients  # type: ignore[attr-defined]
    rds_cluster.proxy.stats("prox")  # type: ignore[arg-type]
    rds_cluster.proxy.modify(require_tsl=True)  # type: ignore[call-arg]
    rds_cluster.proxy.modify(require_tls="yes")  # type: ignore[arg-type]
    rds_cluster.proxy.modify(iam_auth="ENABLED")  # type: ignore[arg-type]
    endpoint = rds_cluster.writer_endpoint
    rds_toxiproxy.toxic("reader", "latency")  # type: ignore[arg-type]
    rds_toxiproxy.toxic(endpoint, "latncy", latency=50)  # type: ignore[arg-type]
    rds_toxiproxy.toxic(endpoint, "latency", latncy=50)  # type: ignore[call-arg]
    rds_toxiproxy.toxic(endpoint, "latency", stream="up")  # type: ignore[arg-type]
    rds_toxiproxy.client.toxic("cluster", typ="latency")  # type: ignore[call-arg]
    ReconnectPolicy(bound=1.0)  # type: ignore[call-arg]
    OwnFault(profile="own")  # type: ignore[call-arg]
    Milestone("back", 1.0)  # type: ignore[call-arg]


def test_faults(rds_faults: DatabaseFaults, rds_cluster: Cluster) -> None:
    rds_cluster.reader_lag(0.2)  # type: ignore[arg-type]
    rds_cluster.write_forwarding(enable=True)  # type: ignore[call-arg]
    rds_faults.slow_commits(0.2)  # type: ignore[arg-type]
    rds_faults.too_many_connections(most="9")  # type: ignore[arg-type]
    rds_faults.zone_cut("reader")  # type: ignore[arg-type]
    rds_faults.reader_lag(by="200ms")  # type: ignore[call-arg]
    rds_faults.lock_storm()  # type: ignore[call-arg]
    rds_faults.disk_is_full()  # type: ignore[attr-defined]


def test_other_clusters(rds_clusters: StartCluster, rds_aws: AwsApi, twin: BlueGreen) -> None:
    rds_clusters("2")  # type: ignore[arg-type]
    rds_clusters(readers=2)  # type: ignore[call-arg]
    rds_aws.client()  # type: ignore[call-arg]
    rds_aws.impaired("5s")  # type: ignore[call-arg]
    rds_aws.impaired(lag=5)  # type: ignore[arg-type]
    rds_aws.impaired(rate_exceeded="10%")  # type: ignore[arg-type]
    twin.switch_over(timeout=300)  # type: ignore[arg-type]
    twin.green_instance_endpoint()  # type: ignore[call-arg]
    twin.green_endpoint = rds_clusters().writer_endpoint  # type: ignore[misc]


def test_samples(sample: Sample) -> None:
    sample.valid = True  # type: ignore[misc]
    sample.trial  # type: ignore[attr-defined]
    sample.figures["lost"].count  # type: ignore[union-attr]


def test_workloads_outside() -> None:
    HttpWorkload("http://127.0.0.1/{key}")  # type: ignore[call-arg]
    LambdaWorkload(function="orders")  # type: ignore[call-arg]
    HttpWorkload(url="http://127.0.0.1/{key}", method="SEND")  # type: ignore[arg-type]
    HttpWorkload(url="http://127.0.0.1/{key}", body=b"{key}")  # type: ignore[arg-type]
    HttpWorkload(url="http://127.0.0.1/{key}", outcomes={404: "fine"})  # type: ignore[dict-item]
    ProcessWorkload(command="python writer.py")  # type: ignore[arg-type]
    ProcessWorkload(command=["true"], answer_within="2s")  # type: ignore[arg-type]


async def test_awaited(rds_trial: RunTrial, rds_load: StartLoad, rds_cluster: Cluster) -> None:
    endpoint = rds_cluster.writer_endpoint
    await rds_trial(endpoint)  # type: ignore[misc]
    await rds_trial.run(endpoint, writer=3)  # type: ignore[call-arg]
    rds_trial.run(endpoint).downtime  # type: ignore[attr-defined]
    with rds_load(endpoint) as load:
        await load.warm_up()  # type: ignore[misc, func-returns-value]
