"""Which of a cluster's milestones are shown with a trial; the result document has all of them."""

from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.model.records import Milestone

OF_THE_PROXY, OF_DNS, OF_OTHER_INSTANCES = "proxy_", "dns_", "instance_"


def felt_milestones(summary: Summary) -> list[Milestone]:
    """Return the milestones that clients of the trial's endpoint can have felt."""
    return [milestone for milestone in summary.milestones if _is_felt(milestone, summary)]


def _is_felt(milestone: Milestone, summary: Summary) -> bool:
    name, endpoint = milestone.name, summary.endpoint
    if name.startswith(OF_THE_PROXY):
        return endpoint == "proxy"
    if name.startswith(OF_DNS):
        return endpoint not in ("proxy", "instance")
    if endpoint != "writer":
        return True
    # Nobody writes on an instance before it is promoted.
    elsewhere = name == "fenced" and milestone.instance != summary.writer_before
    return not (elsewhere or name.startswith(OF_OTHER_INSTANCES))
