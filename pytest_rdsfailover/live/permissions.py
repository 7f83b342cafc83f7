"""What a trigger that is told what to act on may act on: this cluster, and what was named; pure."""

from collections.abc import Callable, Iterable, Mapping

from pytest_rdsfailover.live.deployments import AVAILABLE, COMPLETED, Pair
from pytest_rdsfailover.live.evidence import GateEvidence
from pytest_rdsfailover.live.facts import ClusterFacts

FIS_ACTIONS = frozenset({"aws:rds:failover-db-cluster", "aws:rds:reboot-db-instances"})


def _switchover(evidence: GateEvidence) -> str:
    asked, world = evidence.asked, evidence.world
    if world is None:
        return f"the global database {asked.global_cluster} could not be described"
    home, to = evidence.home.arn, asked.switchover_to
    names = [member.id for member in evidence.home.members]
    reasons = [
        (world.id != asked.global_cluster, f"{world.id} is not {asked.global_cluster}"),
        (world.status != "available", f"{world.id} is {world.status}, not available"),
        (world.primary != home, f"the primary of {world.id} is {world.primary}, not {home}"),
        (to not in world.secondaries, f"{to} is no secondary cluster of {world.id}"),
        (world.target.arn != to, f"{world.target.arn} was described, not {to}"),
        (to.split(":")[4] != asked.account, f"{to} is not in account {asked.account}"),
        (len(set(names)) < len(names), "instances in both regions share one name"),
    ]
    return next((why for wrong, why in reasons if wrong), "")


def _experiment(evidence: GateEvidence) -> str:
    asked = evidence.asked
    if evidence.experiment is None:
        return f"the experiment template {asked.fis_template} could not be described"
    arns, actions = evidence.experiment
    allowed = {evidence.home.arn, *(member.arn for member in evidence.home.members)}
    if not arns or not arns <= allowed:
        return f"the experiment may act on {', '.join(sorted(arns - allowed)) or 'nothing'}"
    if "aws:rds:reboot-db-instances" in actions and not asked.allow_reboot:
        return "the experiment reboots instances, which needs --rds-allow-reboot"
    # Each would be a failover of its own, and the trigger is counted and judged as one.
    if len(actions) != 1 or not FIS_ACTIONS.issuperset(actions):
        return f"the experiment does more than one failover: {', '.join(actions) or 'nothing'}"
    return ""


def _blue_green(evidence: GateEvidence) -> str:
    asked, found, green = evidence.asked, evidence.deployment, evidence.green
    if found is None or green is None:
        return f"the deployment {asked.blue_green_deployment} could not be described"
    home = evidence.home
    over = " and cannot be switched back: name another deployment" * (found.status == COMPLETED)
    strangers = sorted(
        {pair.source for pair in found.pairs} - _arns(home) - {""}
        | {pair.target for pair in found.pairs} - _arns(green) - {""}
    )
    writers = [found.successor(writer) for writer in green.writers]
    reasons = [
        (
            found.id != asked.blue_green_deployment,
            f"{found.id} is not {asked.blue_green_deployment}",
        ),
        (found.status != AVAILABLE, f"{found}, not {AVAILABLE}{over}"),
        (found.source != home.arn, f"{found.id} is of {found.source}, not of {home.arn}"),
        (green.arn != found.target, f"{green.arn} was described, not {found.target}"),
        (green.arn == home.arn, f"the green cluster of {found.id} is {home.id} itself"),
        (
            green.arn.split(":")[3:5] != [asked.region, asked.account],
            f"{green.arn} is not in account {asked.account} and {asked.region}",
        ),
        (bool(strangers), f"{found.id} acts on what was not judged: {', '.join(strangers)}"),
        (_unready(found.pairs) != "", f"of {found.id}, {_unready(found.pairs)}"),
        (None in writers, f"{found.id} does not tell what {', '.join(green.writers)} becomes"),
    ]
    return next((why for wrong, why in reasons if wrong), "")


def _arns(cluster: ClusterFacts) -> frozenset[str]:
    """Return the ARNs of a cluster and its instances."""
    return frozenset({cluster.arn, *(member.arn for member in cluster.members)})


def _unready(pairs: Iterable[Pair]) -> str:
    """Return which members are not ready to be switched over; empty if all are."""
    return ", ".join(
        f"{pair.source or pair.target} is {pair.status or 'of no status'}"
        for pair in pairs
        if pair.status != AVAILABLE
    )


Judge = Callable[[GateEvidence], str]
JUDGES: Mapping[str, Judge] = {
    "fis": _experiment,
    "switchover": _switchover,
    "blue-green": _blue_green,
}
