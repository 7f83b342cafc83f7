"""The sessions of the instances' own endpoints and those of the proxy, as a script meets them."""

from pytest_rdsfailover.local.gateway.kept_links import KeptLinks
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import RdsProxy
from pytest_rdsfailover.local.gateway.server import Gateway


class AllSessions:
    """The sessions of the instances' own endpoints and those of the proxy, cut together.

    Args:
        direct: the former, which a restart may keep.
        proxy: the latter, which it ends.
    """

    def __init__(self, direct: Gateway, proxy: RdsProxy) -> None:
        self._direct, self._proxy = direct, proxy

    def cut(self, instance: str, how: str) -> set[int]:
        """End an instance's sessions; return the threads that may still work in the server."""
        return self._direct.cut(instance, how) | self._proxy.cut(instance, how)

    def keep(self, instance: str) -> KeptLinks:
        """Let an instance's sessions wait for the end of a restart; end those that it does not keep."""
        kept = self._direct.keep(instance)
        kept.lost |= self._proxy.cut(instance, "reset")
        return kept

    def go_on(self, instance: str) -> None:
        """Let the sessions go on that an instance has kept, if it has."""
        self._direct.go_on(instance)

    def reset_silent(self, instance: str) -> None:
        """Reset the sessions that an instance had left hanging."""
        self._direct.reset_silent(instance)
        self._proxy.reset_silent(instance)
