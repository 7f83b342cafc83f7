"""What users name in their tests; the only place that picks local or live, and lazily.

The imports inside the functions keep a suite that uses no fixture of ours from paying for them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rdsfailover.errors import SettingError
from pytest_rdsfailover.run import RUN

if TYPE_CHECKING:
    from pytest_rdsfailover.experiment import Observation, Trial
    from pytest_rdsfailover.laboratory import Laboratory
    from pytest_rdsfailover.local.backend import LocalBackend
    from pytest_rdsfailover.local.cluster import LocalCluster
    from pytest_rdsfailover.local.network import Faults
    from pytest_rdsfailover.records import Milestone

MARKERS = (
    "rds_profile(name): the failover profile of this test",
    "rds_aws_names(region): call this test's endpoints as AWS does, for example in eu-west-1",
    "rds_instances(count): how many instances this test's cluster has",
    "rds_proxy(**settings): how the RDS Proxy is set up for this test, by the names of its API",
    "rds_expect(**bounds): what every trial of this test must hold to, as in trial.expect(...)",
)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn what the user asked for and cannot have into pytest's own kind of error."""
    try:
        yield
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None


def argument_of(request: pytest.FixtureRequest, marker: str) -> Any:
    """Return the only argument of a test's marker; None if the test has none."""
    found = request.node.get_closest_marker(marker)
    return None if found is None else found.args[0]


@pytest.fixture(scope="session")
def rds_backend(pytestconfig: pytest.Config) -> Iterator["LocalBackend"]:
    """The clusters of the session, started when first asked for."""
    from pytest_rdsfailover.local.backend import LocalBackend

    with LocalBackend(pytestconfig.stash[RUN].settings) as backend:
        yield backend


@pytest.fixture
def rds_cluster(
    rds_backend: "LocalBackend", request: pytest.FixtureRequest
) -> Iterator["LocalCluster"]:
    """A cluster, healthy and at rest: endpoints, credentials, instances."""
    region = argument_of(request, "rds_aws_names") or request.config.stash[RUN].settings.aws_names
    with ExitStack() as stack, usage_errors():
        cluster = rds_backend.cluster(argument_of(request, "rds_instances"))
        if region is not None:
            stack.enter_context(cluster.aws_names(region))
        proxy = request.node.get_closest_marker("rds_proxy")
        cluster.proxy.begin({} if proxy is None else proxy.kwargs)
        yield cluster


@pytest.fixture
def rds_failover(rds_laboratory: "Laboratory") -> "Callable[..., Sequence[Milestone]]":
    """Triggers a failover: `rds_failover(target=None, *, profile=None, wait=True)`.

    Returns the milestones seen; all of them if it waits.
    """
    return rds_laboratory.fail_over


@pytest.fixture
def rds_load(rds_laboratory: "Laboratory") -> "Callable[..., AbstractContextManager[Observation]]":
    """Lets writers write while a block of the test does something of its own.

    `with rds_load(endpoint) as load:` and, after the block, `load.trial`.
    """
    return rds_laboratory.load


@pytest.fixture
def rds_trial(rds_laboratory: "Laboratory") -> "Callable[..., Trial]":
    """Runs one trial: `rds_trial(endpoint)` warms up, fails over, watches, audits and returns it."""
    return rds_laboratory.trial


@pytest.fixture
def rds_laboratory(rds_cluster: "LocalCluster", request: pytest.FixtureRequest) -> "Laboratory":
    """What a test does with its cluster, and what it notes of it."""
    from pytest_rdsfailover.keep import keep
    from pytest_rdsfailover.laboratory import Laboratory
    from pytest_rdsfailover.local.backend import environment
    from pytest_rdsfailover.local.proxy import pin_document, pin_lines
    from pytest_rdsfailover.report import document, terminal

    run, item = request.config.stash[RUN], request.node
    expectations = item.get_closest_marker("rds_expect")
    where = environment(rds_cluster)

    def note(trial: "Trial") -> None:
        found = document.trial_document(trial, test=item.nodeid, scenario=scenario_of(item))
        lines = terminal.timeline(trial)
        if trial.endpoint == "proxy":
            pins, zero = rds_cluster.proxy.pins, rds_cluster.failovers[-1:]
            found["pins"] = [pin_document(pin) for pin in pins]
            lines += pin_lines(pins, zero[0].triggered if zero else 0.0)
        run.note(item, found, lines, where)
        run.note_more(item, keep(trial, found, where, run.settings))

    return Laboratory(
        rds_cluster,
        run.settings,
        test=item.nodeid,
        profile=argument_of(request, "rds_profile"),
        expectations={} if expectations is None else expectations.kwargs,
        note=note,
    )


def scenario_of(item: pytest.Item) -> str:
    """Return what a test is parametrised with, or its name: trials of one scenario belong together."""
    call = getattr(item, "callspec", None)
    return item.name if call is None else str(call.id)


@pytest.fixture
def rds_toxiproxy(rds_cluster: "LocalCluster") -> Iterator["Faults"]:
    """Network faults on any endpoint of the cluster, mended when the test ends."""
    from pytest_rdsfailover.local.network import Faults

    yield Faults(rds_cluster.network)
    rds_cluster.network.mend()
