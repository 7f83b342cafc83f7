"""A blue/green deployment: the cluster, its green twin, and what a switchover makes of them. No I/O."""

from pytest_rdsfailover.local.gateway.instance import Instance, State
from pytest_rdsfailover.local.gateway.router import CLUSTER, READER, Router
from pytest_rdsfailover.local.gateway.script import REFUSES
from pytest_rdsfailover.local.gateway.views import AVAILABLE, PROVISIONING
from pytest_rdsfailover.model.target import OLD_ENVIRONMENT as OLD

SOURCE, TARGET = "BLUE_GREEN_DEPLOYMENT_SOURCE", "BLUE_GREEN_DEPLOYMENT_TARGET"
STATUSES = {
    "initiate": "SWITCHOVER_INITIATED",
    "freeze": "SWITCHOVER_IN_PROGRESS",
    "switch": "SWITCHOVER_IN_POST_PROCESSING",
    "complete": "SWITCHOVER_COMPLETED",
    "roll_back": AVAILABLE,
}
MILESTONES = {
    "initiate": "switchover_initiated",
    "freeze": "writes_refused",
    "switch": "switched",
    "rename": "blue_dns",
    "remove": "green_dns_removed",
    "complete": "switchover_completed",
    "roll_back": "rolled_back",
}


class Deployment:
    """Two environments over one storage, of which one is the cluster.

    Args:
        router: the cluster, which becomes the blue environment.
        suffix: what the names of the green environment end with.

    Attributes:
        suffix: the same.
        status: what drivers are told, as AWS words it.
        switched: green has become the cluster.
        renamed: DNS's blue names lead to what was green.
        removed: DNS has no green names any more.
        other: the environment that is not the cluster: green before a switchover, the old one after it.
    """

    def __init__(self, router: Router, suffix: str) -> None:
        self.suffix, self.status = suffix, PROVISIONING
        self.switched = self.renamed = self.removed = False
        self._router = router
        blue = list(router.instances.values())
        self._usual = blue[0].read_only_error
        self.other = Router(len(blue), suffix, router.volume)
        self.other.writer = self.other.dns = router.writer + suffix
        self.other.freeze()
        for new in self.other.instances.values():
            new.read_only_error = self._usual
        bases = [CLUSTER, READER, *router.instances]
        router.guests = tuple(base + end for end in (suffix, OLD) for base in bases)
        router.twin, router.detour = self.other, self._lead

    def _lead(self, endpoint: str) -> Instance | None:
        """Return the instance that an endpoint leads to; None for where the cluster's own leads."""
        if endpoint.endswith(self.suffix):
            green = self._router if self.switched else self.other
            return green.lead(endpoint.removesuffix(self.suffix))
        if endpoint.endswith(OLD):
            if not self.switched:
                return Instance(id=endpoint, state=State.REFUSING)
            return self.other.lead(endpoint.removesuffix(OLD))
        if self.switched and not self.renamed and endpoint not in self._router.custom:
            return self.other.lead(endpoint)
        return None

    def do(self, action: str) -> None:
        """Do what a step of a switchover says."""
        if action == "freeze":
            self._freeze()
        elif action == "switch":
            self._switch()
        elif action == "roll_back":
            self._roll_back()
        self.renamed = self.renamed or action == "rename"
        self.removed = self.removed or action == "remove"
        self.status = STATUSES.get(action, self.status)

    def _freeze(self) -> None:
        """Let both sides refuse writes."""
        self._router.freeze()
        for side in (self._router, self.other):
            for instance in side.instances.values():
                instance.read_only_error = REFUSES

    def _switch(self) -> None:
        """Make green the cluster, under the names of blue; blue stays beside it and refuses writes."""
        router, twin = self._router, self.other
        blue, green = list(router.instances.values()), list(twin.instances.values())
        writer, old = twin.instances[twin.writer], router.instances[router.writer]
        router.adopt(green, writer, "")
        twin.adopt(blue, old, OLD)
        self._thaw()
        self.switched = True

    def _roll_back(self) -> None:
        """Let both sides be what they were; what was cut is lost."""
        for side in (self._router, self.other):
            for name in side.instances:
                side.back(name)
                side.instances[name].read_only_error = self._usual
        self._thaw()

    def end(self) -> None:
        """Leave the cluster as it is now, without the other environment."""
        self._router.twin, self._router.guests = None, ()
        self._router.detour = lambda _: None
        self._thaw()

    def _thaw(self) -> None:
        """Let the cluster's writer write, and its readers answer what they usually do."""
        if self._router.frozen:
            self._router.thaw()
        for instance in self._router.instances.values():
            instance.read_only_error = self._usual

    def roles(self) -> list[tuple[str, str]]:
        """Return the cluster endpoints with their roles, as the table of topology lists them."""
        if self.status == STATUSES["complete"]:
            return [(CLUSTER, TARGET)]
        return [(CLUSTER, SOURCE), (CLUSTER + self.suffix, TARGET)]
