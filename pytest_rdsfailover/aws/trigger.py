"""The calls that move or restart a writer; the same for the local control plane and for AWS."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.aws.client import AwsError, explained
from pytest_rdsfailover.model.clock import Clock, MonotonicClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """A call that AWS accepted; whether it has an effect must be seen elsewhere.

    Attributes:
        sent: when it was sent, on the monotonic clock.
        answered: when its answer had arrived.
        request_id: what AWS calls the request.
        headers: the headers of the answer, with names in lower case.
        experiment: the id of the experiment that was started; empty if none was.
    """

    sent: float
    answered: float
    request_id: str
    headers: Mapping[str, str]
    experiment: str = ""


def fail_over(
    rds: Any, cluster: str, target: str | None = None, *, clock: Clock | None = None
) -> Triggered:
    """Ask for a failover of a cluster (`FailoverDBCluster`).

    Args:
        rds: a boto3 client of RDS.
        cluster: identifier of the cluster.
        target: the instance to promote, which AWS takes as a suggestion; None leaves the choice to
            the cluster.
        clock: what to time the call with.

    Raises:
        AwsError: if AWS refuses, or cannot be asked.
    """
    # boto3 refuses a target of None, so it is left out.
    optional = {} if target is None else {"TargetDBInstanceIdentifier": target}
    return _call(rds, "failover_db_cluster", clock, DBClusterIdentifier=cluster, **optional)


def reboot(rds: Any, instance: str, *, clock: Clock | None = None) -> Triggered:
    """Ask for a restart of one instance (`RebootDBInstance`), without a failover.

    Raises:
        AwsError: if AWS refuses, or cannot be asked.
    """
    return _call(rds, "reboot_db_instance", clock, DBInstanceIdentifier=instance)


def start_experiment(fis: Any, template: str, *, clock: Clock | None = None) -> Triggered:
    """Start an experiment of the Fault Injection Service (`StartExperiment`).

    Args:
        fis: a boto3 client of FIS.
        template: id of the experiment template.
        clock: what to time the call with.

    Raises:
        AwsError: if AWS refuses, or cannot be asked, or names no experiment: then nobody could ask what
            becomes of it.
    """
    done = _call(fis, "start_experiment", clock, experimentTemplateId=template)
    if not done.experiment:
        raise AwsError(
            "start_experiment", "NoExperiment", "the answer names none", done.request_id,
            unanswered=True,
        )  # fmt: skip
    return done


def switch_over(
    rds: Any, global_cluster: str, target: str, *, clock: Clock | None = None
) -> Triggered:
    """Ask for a planned switchover of a global database (`SwitchoverGlobalCluster`).

    The regions agree first, so that no committed write is lost. A failover that may lose data is
    another call, which this package never makes.

    Args:
        rds: a boto3 client of RDS in the region of the primary cluster.
        global_cluster: identifier of the global database.
        target: ARN of the secondary cluster that becomes the primary.
        clock: what to time the call with.

    Raises:
        AwsError: if AWS refuses, or cannot be asked.
    """
    return _call(
        rds, "switchover_global_cluster", clock,
        GlobalClusterIdentifier=global_cluster, TargetDbClusterIdentifier=target,
    )  # fmt: skip


def switch_over_blue_green(
    rds: Any, deployment: str, timeout: int, *, clock: Clock | None = None
) -> Triggered:
    """Ask for the switchover of a blue/green deployment (`SwitchoverBlueGreenDeployment`).

    Nothing switches back, and nothing is deleted by it.

    Args:
        rds: a boto3 client of RDS.
        deployment: identifier of the deployment.
        timeout: seconds after which RDS rolls it back.
        clock: what to time the call with.

    Raises:
        AwsError: if AWS refuses, or cannot be asked.
    """
    return _call(
        rds, "switchover_blue_green_deployment", clock,
        BlueGreenDeploymentIdentifier=deployment, SwitchoverTimeout=timeout,
    )  # fmt: skip


def _call(api: Any, method: str, clock: Clock | None, **arguments: str | int) -> Triggered:
    clock = clock or MonotonicClock()
    sent = clock.now()
    with explained(method):
        answer = getattr(api, method)(**arguments)
    metadata = answer["ResponseMetadata"]
    return Triggered(
        sent=sent,
        answered=clock.now(),
        request_id=metadata.get("RequestId", ""),
        headers=metadata.get("HTTPHeaders", {}),
        experiment=answer.get("experiment", {}).get("id", ""),
    )
