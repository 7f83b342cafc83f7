"""What users name in their tests; the only place that picks local or live, and lazily.

The imports inside the functions keep a suite that uses no fixture of ours from paying for them.
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_rdsfailover.analysis.verdicts.arguments import Expectations
    from pytest_rdsfailover.live.backend import LiveBackend
    from pytest_rdsfailover.live.cluster import LiveCluster
    from pytest_rdsfailover.local.backend import LocalBackend
    from pytest_rdsfailover.local.cluster import LocalCluster
    from pytest_rdsfailover.local.database_faults import DatabaseFaults
    from pytest_rdsfailover.local.network import Faults
    from pytest_rdsfailover.model.settings import Settings
    from pytest_rdsfailover.plugin.cluster_protocols import AwsApi, Cluster, StartCluster
    from pytest_rdsfailover.plugin.experiments import Experiments
    from pytest_rdsfailover.plugin.protocols import FailOver, RunTrial, RunTrials, StartLoad
    from pytest_rdsfailover.plugin.run import Run
    from pytest_rdsfailover.trial.options import TrialOptions
    from pytest_rdsfailover.trial.runner import TrialRunner

    Backend = LocalBackend | LiveBackend
    AnyCluster = LocalCluster | LiveCluster

MARKERS = (
    "rds_live: this test needs a real cluster; without --rds-live it is skipped",
    "rds_trials(count): how often rds_trials repeats a trial of this test",
    "rds_profile(name): the failover profile of this test",
    "rds_aws_names(region): call this test's endpoints as AWS does, for example in eu-west-1",
    "rds_instances(count): how many instances this test's cluster has",
    "rds_global(abroad): how many instances of this test's cluster are in another region",
    "rds_proxy(**settings): how the RDS Proxy is set up for this test, by the names of its API",
    "rds_expect(**bounds): what every trial of this test must hold to, as in trial.expect(...)",
)
NEED_API = {"rds_runner", "rds_client", "rds_aws"}  # tests with these ask the AWS API


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a `SettingError` in the block into pytest's own error for wrong usage."""
    from pytest_rdsfailover.model.errors import SettingError

    try:
        yield
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None


def are_used(items: Iterable[pytest.Item]) -> bool:
    """Tell whether any of these tests uses a fixture or a marker of ours."""
    return any(
        name.startswith("rds_")
        for item in items
        for name in (*getattr(item, "fixturenames", ()), *(m.name for m in item.iter_markers()))
    )


def run_of(config: pytest.Config) -> "Run":
    """Return what this run measures; from now on it is shown and reported, too."""
    from pytest_rdsfailover.plugin.registration import wire

    return wire(config)


@pytest.fixture(scope="session")
def rds_backend(pytestconfig: pytest.Config) -> Iterator["Backend"]:
    """The clusters of the session, started when first asked for; with --rds-live the real one."""
    with usage_errors():
        chosen = local_or_live(run_of(pytestconfig).settings, told_of_moto(pytestconfig))
    with chosen as backend:
        yield backend


def told_of_moto(config: pytest.Config) -> str | None:
    """Return who keeps a fork server of moto for this worker of pytest-xdist; None if nobody does."""
    from pytest_rdsfailover.plugin.shared_moto import TOLD

    told: str | None = getattr(config, "workerinput", {}).get(TOLD)
    return told


def local_or_live(settings: "Settings", shared_moto: str | None = None) -> "Backend":
    """Return what hands out clusters; nothing is started, or asked of AWS, yet."""
    if settings.live is None:
        from pytest_rdsfailover.local.backend import LocalBackend

        return LocalBackend(settings, shared_moto)
    from pytest_rdsfailover.live.backend import LiveBackend
    from pytest_rdsfailover.local.processes.cache import cache_directory

    return LiveBackend(settings.live, cache_directory(os.environ) / "live")


@pytest.fixture
def rds_isolation(pytestconfig: pytest.Config) -> Iterator[None]:
    """Keeps AWS clients that a test makes away from AWS; part of every local cluster."""
    from pytest_rdsfailover.local.aws_api.isolation import no_aws

    if run_of(pytestconfig).settings.live is not None:
        yield  # here AWS is what the user asked for
        return
    with no_aws():
        yield


@pytest.fixture
def rds_aws(rds_cluster: "AnyCluster") -> Iterator["AwsApi"]:
    """The AWS API of the cluster; of a local one, `AWS_ENDPOINT_URL` and the like lead to it."""
    from pytest_rdsfailover.local.aws_api.isolation import only
    from pytest_rdsfailover.local.cluster import LocalCluster

    if not isinstance(rds_cluster, LocalCluster):
        yield rds_cluster.aws
        return
    with usage_errors():
        place = rds_cluster.aws.place
    with only(place):
        yield rds_cluster.aws


@pytest.fixture
def rds_client(rds_cluster: "AnyCluster") -> Any:
    """A boto3 client of RDS that answers for the cluster."""
    with usage_errors():
        return rds_cluster.aws.client("rds")


@pytest.fixture
def rds_cluster(
    rds_backend: "Backend",
    rds_isolation: None,  # noqa: ARG001 - for as long as the test has a cluster
    request: pytest.FixtureRequest,
) -> Iterator["Cluster"]:
    """A cluster, healthy and at rest: endpoints, credentials, instances."""
    from pytest_rdsfailover.plugin.markers import argument_of

    region = argument_of(request.node, "rds_aws_names") or run_of(request.config).settings.aws_names
    api = not NEED_API.isdisjoint(request.fixturenames)
    with ExitStack() as stack, usage_errors():
        instances = argument_of(request.node, "rds_instances")
        abroad = argument_of(request.node, "rds_global")
        if abroad is None:
            cluster = rds_backend.cluster(instances, api=api)
        else:
            cluster = _local(rds_backend).cluster(instances, api=api, abroad=abroad)
        stack.callback(rds_backend.release)
        if region is not None:
            stack.enter_context(cluster.aws_names(region))
        proxy = request.node.get_closest_marker("rds_proxy")
        cluster.proxy.begin({} if proxy is None else proxy.kwargs)
        yield cluster


def _local(backend: "Backend") -> "LocalBackend":
    """Return the local clusters; skip the test if there is a real one."""
    from pytest_rdsfailover.local.backend import LocalBackend

    if not isinstance(backend, LocalBackend):
        pytest.skip("rds_global: only local clusters become a global database for a test")
    return backend


@pytest.fixture(scope="session")
def rds_session_cluster(rds_backend: "Backend") -> "Cluster":
    """The run's cluster for fixtures of a wider scope: a pool or a schema for all tests, for example.

    It is the one that `rds_cluster` gives a test without markers, and not held between tests.
    """
    with usage_errors():
        cluster = rds_backend.cluster()
        rds_backend.release()
        return cluster


@pytest.fixture
def rds_clusters(
    rds_backend: "Backend",
    rds_isolation: None,  # noqa: ARG001 - for as long as the test has a cluster
) -> "StartCluster":
    """Gives a test more clusters: `rds_clusters(instances=None)`, another one at each call.

    `rds_trial.on(cluster)(endpoint)` is a trial of that one.
    """
    numbers = itertools.count(1)
    return lambda instances=None: rds_backend.another(next(numbers), instances)


@pytest.fixture
def rds_options() -> "TrialOptions":
    """The options of all loads and trials, unless a test gives its own; for a project to override."""
    return {}


@pytest.fixture
def rds_expectations() -> "Expectations":
    """What every trial must hold to, as in `trial.expect(...)`; for a project to override."""
    return {}


@pytest.fixture
def rds_experiments(
    rds_options: "TrialOptions", rds_expectations: "Expectations", request: pytest.FixtureRequest
) -> "Experiments":
    """What the test does with its clusters; you need it only to override it."""
    from pytest_rdsfailover.plugin.experiments import Experiments

    run = run_of(request.config)
    with usage_errors():
        return Experiments(request.node, run, options=rds_options, expectations=rds_expectations)


@pytest.fixture
def rds_runner(rds_experiments: "Experiments", rds_cluster: "AnyCluster") -> "TrialRunner":
    """What a test does with its cluster, and what it notes of it."""
    return rds_experiments.runner(rds_cluster)


@pytest.fixture
def rds_failover(rds_runner: "TrialRunner", rds_experiments: "Experiments") -> "FailOver":
    """Triggers a failover: `rds_failover(target=None, *, profile=None, wait=True)`.

    Returns the milestones seen; all of them if it waits.
    """
    from pytest_rdsfailover.trial.awaited import FailOverCall

    return FailOverCall(rds_runner, rds_experiments.runner)


@pytest.fixture
def rds_load(rds_runner: "TrialRunner", rds_experiments: "Experiments") -> "StartLoad":
    """Lets writers write while a block of the test does something of its own.

    `with rds_load(endpoint) as load:` and, after the block, `load.trial`.
    """
    from pytest_rdsfailover.trial.awaited import LoadCall

    return LoadCall(rds_runner, rds_experiments.runner)


@pytest.fixture
def rds_trial(rds_runner: "TrialRunner", rds_experiments: "Experiments") -> "RunTrial":
    """Runs one trial: `rds_trial(endpoint)` warms up, fails over, watches, audits and returns it."""
    from pytest_rdsfailover.trial.awaited import TrialCall

    return TrialCall(rds_runner, rds_experiments.runner)


@pytest.fixture
def rds_trials(
    rds_runner: "TrialRunner", rds_experiments: "Experiments", rds_cluster: "AnyCluster"
) -> "RunTrials":
    """Repeats a trial, each with a seed of its own, and returns the population."""
    from pytest_rdsfailover.trial.awaited import TrialsCall

    def repeated(cluster: "AnyCluster", runner: "TrialRunner | None" = None) -> TrialsCall:
        runner = runner or rds_experiments.runner(cluster)
        return TrialsCall(runner, rds_experiments.repetition(cluster, runner), repeated)

    return repeated(rds_cluster, rds_runner)


@pytest.fixture
def rds_toxiproxy(rds_cluster: "AnyCluster") -> Iterator["Faults"]:
    """Network faults on any endpoint of a local cluster, mended when the test ends."""
    from pytest_rdsfailover.local.cluster import LocalCluster
    from pytest_rdsfailover.local.network import Faults

    if not isinstance(rds_cluster, LocalCluster):
        pytest.skip("there is no Toxiproxy in front of a real cluster")
    faults = Faults(rds_cluster.network)
    yield faults
    faults.mend()


@pytest.fixture
def rds_faults(rds_cluster: "AnyCluster") -> Iterator["DatabaseFaults"]:
    """Faults of a local cluster's database, mended when the test ends."""
    from pytest_rdsfailover.local.cluster import LocalCluster

    if not isinstance(rds_cluster, LocalCluster):
        pytest.skip("a real database gets no faults but a failover")
    yield rds_cluster.faults
    rds_cluster.faults.mend()
