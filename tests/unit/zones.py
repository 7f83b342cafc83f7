"""A cluster's names, and where they lead."""

from pytest_rdsfailover.local.dns.names import AwsNames
from pytest_rdsfailover.local.dns.zone import Zone
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.views import ClusterView
from pytest_rdsfailover.model.errors import GatewayError

NAMES = AwsNames(region="eu-west-1", account="cabc")
HOSTS = {"cluster": "127.0.0.2", "reader": "127.0.0.3", "proxy": "127.0.0.4",
         "instance-1": "127.0.0.11", "instance-2": "127.0.0.12"}  # fmt: skip
REPORTS = CustomEndpoint(name="reports", host="127.0.0.6", port=3306, kind="ANY")
WRITER, FIRST, SECOND = map(NAMES.host, ("cluster", "instance-1", "instance-2"))


class Cluster:
    """A cluster whose DNS leads where a test says."""

    def __init__(self):
        self.dns, self.fails = "instance-1", False

    def view(self):
        if self.fails:
            raise GatewayError("the gateway does not answer")
        return ClusterView(
            writer="instance-2", dns=self.dns, reader="instance-2", ports={}, playing=True, busy=0,
            failures=[], instances=[],
        )  # fmt: skip

    def zone(self):
        return Zone(NAMES, HOSTS, self.view, lambda: 5.0, lambda: [REPORTS])
