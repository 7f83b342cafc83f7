"""The real cluster's endpoints, as one user reaches them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pytest_rdsfailover.live.credentials import Credentials, Tokens
from pytest_rdsfailover.live.facts import ClusterFacts, ProxyFacts
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.endpoints import Endpoint, Tls
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.mysql import driver

PROXY_PORT = 3306  # always, at AWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Makes endpoints from what RDS tells of the cluster.

    Attributes:
        asked: how to log in, and where the load may write.
        region: signs IAM tokens.
        credentials: who logs in.
        ca: path of the authorities to trust; None without TLS.
    """

    asked: LiveSettings
    region: Region
    credentials: Credentials
    ca: str | None
    _tokens: dict[str, Tokens] = field(default_factory=dict, init=False, repr=False)

    def cluster(self, facts: ClusterFacts) -> Endpoint:
        """Return the cluster endpoint."""
        return self._endpoint("cluster", "writer", facts.host, facts.port)

    def reader(self, facts: ClusterFacts) -> Endpoint:
        """Return the reader endpoint."""
        return self._endpoint("reader", "reader", facts.reader_host, facts.port)

    def proxy(self, facts: ClusterFacts, proxy: ProxyFacts) -> Endpoint:
        """Return the endpoint of the RDS Proxy."""
        port = facts.port if self.asked.stands_in else PROXY_PORT
        return self._endpoint("proxy", "proxy", proxy.host, port)

    def named(self, facts: ClusterFacts, name: str) -> Endpoint:
        """Return the endpoint of the `cluster`, or of an instance by its id."""
        return self.cluster(facts) if name == "cluster" else self.instance(facts, name)

    def instance(self, facts: ClusterFacts, name: str) -> Endpoint:
        """Return an instance's own endpoint.

        Raises:
            SettingError: if there is no such instance.
        """
        member = facts.member(name)
        if member is None:
            ids = ", ".join(member.id for member in facts.members)
            raise SettingError(f"there is no instance {name!r} in this cluster; it has {ids}")
        return self._endpoint(member.id, "instance", member.host, member.port)

    def _endpoint(self, name: str, kind: str, host: str, port: int) -> Endpoint:
        credentials, rotated = self.credentials, self.credentials.rotated
        token: Callable[[], str] | None = rotated
        if self.asked.auth == "iam":
            make = partial(self.region.token, host, port, credentials.user)
            token = self._tokens.setdefault(f"{host}:{port}", Tokens(make))
        return Endpoint(
            name=name,
            kind=kind,
            host=host,
            port=port,
            user=credentials.user,
            password=credentials.password,
            database=self.asked.schema,
            tls=Tls(ca=self.ca),
            connector=driver.connect,
            token=token,
            renew=None if rotated is None else rotated.renew,
            lost=str if rotated is None else rotated.lost,
        )
