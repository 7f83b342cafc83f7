"""The hooks that a project's conftest.py may implement.

Every pytest run imports this, so what it names is imported for type checkers only.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_rdsfailover.model.endpoints import Endpoint
    from pytest_rdsfailover.model.records import Fault, Outcome
    from pytest_rdsfailover.model.target import Failover
    from pytest_rdsfailover.plugin.cluster_protocols import Cluster
    from pytest_rdsfailover.report.schema import RunDocument
    from pytest_rdsfailover.trial.trial import Trial


def pytest_rdsfailover_before_trial(
    item: pytest.Item, cluster: "Cluster", endpoint: "Endpoint"
) -> None:
    """Prepare for a trial: called before its load begins, for `rds_load`, too."""


def pytest_rdsfailover_after_trial(
    item: pytest.Item, cluster: "Cluster", endpoint: "Endpoint", trial: "Trial"
) -> None:
    """Look at a trial, valid or not: called when it is judged and its load has ended.

    What this raises fails the test.
    """


@pytest.hookspec(firstresult=True)
def pytest_rdsfailover_trigger(
    item: pytest.Item, cluster: "Cluster", instance: str | None, profile: str | None, seed: int
) -> "Failover | None":
    """Trigger the failover in another way.

    Return what `cluster.fail_over(...)` returned, or an `OwnFault` if something else was done; None
    to leave it to the cluster. The first answer wins. In live mode every gate is asked before this is
    called, and it counts as one of `--rds-max-failovers`.

    Args:
        item: the test.
        cluster: what may fail over.
        instance: the instance to promote; None leaves the choice open.
        profile: the failover profile of the trial; None for the run's own.
        seed: decides every sampled duration of this failover.
    """


@pytest.hookspec(firstresult=True)
def pytest_rdsfailover_classify_error(
    error: Exception,
    sent: bool,  # noqa: FBT001 - hooks are called by name
) -> "tuple[Outcome, Fault] | None":
    """Tell what became of a write that raised, and why.

    Called in the writers' threads for every error, so be quick and call nothing that is bound to a
    thread. Return None for errors that the usual classification by MySQL codes should judge.

    Args:
        error: what the workload raised.
        sent: whether the write may have reached a server; False while connecting.
    """


def pytest_rdsfailover_update_json(config: pytest.Config, document: "RunDocument") -> None:
    """Change the result document in place before it is written or rendered."""


def pytest_rdsfailover_report_section(
    config: pytest.Config, document: "RunDocument"
) -> tuple[str, list[str]] | None:
    """Add a section to the reports: its title and its lines of plain text; None for no section."""


def pytest_rdsfailover_safety_check(
    item: pytest.Item, cluster: "Cluster", instance: str | None, profile: str | None
) -> str | None:
    """Return why a failover must not be triggered now, or None if it may.

    Called before every trigger. One refusal is enough, and what this raises refuses as well.
    """
