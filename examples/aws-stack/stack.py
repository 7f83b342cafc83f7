"""All parts of the stack, and what each may do to the others."""

from dataclasses import dataclass
from typing import Any, Self

import aws_cdk as cdk
from constructs import Construct, Node
from database import Database
from exceptions import accept
from load import LoadFunction
from network import Network
from runner import NightlyRun

OPT_IN = "rdsfailover:allowed"  # without it, pytest --rds-live triggers nothing


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What can be chosen, by `-c NAME=VALUE` or in cdk.json.

    Attributes:
        engine: the version of Aurora MySQL in full, such as `8.0.mysql_aurora.3.10.1`.
        instance: the class of both instances, if they are provisioned.
        serverless: both instances are Serverless v2.
        proxy: RDS Proxy stands before the cluster.
        package: what `rdsfailover lambda build` made.
        suite: the nightly tests with the wheels that they need, as `make build/suite.zip` packs them.
        hour: when the nightly run begins, in UTC.
    """

    engine: str
    instance: str
    serverless: bool
    proxy: bool
    package: str
    suite: str
    hour: str

    @classmethod
    def of(cls, node: Node) -> Self:
        """Return the settings of an application's context.

        Raises:
            ValueError: if one is missing, is no yes and no `no`, or no hour.
        """
        texts = {name: node.try_get_context(name) for name in cls.__annotations__}
        missing = [name for name, text in texts.items() if text is None]
        if missing:
            raise ValueError(
                f"say what {', '.join(missing)} shall be: cdk deploy -c {missing[0]}=..."
            )
        if texts["hour"] not in map(str, range(24)):
            raise ValueError(f"hour is from 0 to 23, not {texts['hour']!r}")
        flags = {name: _flag(name, texts[name]) for name in ("serverless", "proxy")}
        return cls(**{**texts, **flags})


def _flag(name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"{name} is yes or no, not {text!r}")
    return text == "yes"


class FailoverStack(cdk.Stack):
    """One cluster that may be failed over, what writes to it, and what judges it every night."""

    def __init__(self, scope: Construct, name: str, settings: Settings, **options: Any) -> None:
        super().__init__(scope, name, **options)
        network = Network(self, "Network")
        database = Database(
            self,
            "Database",
            network,
            engine=settings.engine,
            instance=None if settings.serverless else settings.instance,
            proxy=settings.proxy,
        )
        load = LoadFunction(self, "Load", network, package=settings.package)
        runner = NightlyRun(
            self, "Nightly", network, database, load, suite=settings.suite, hour=settings.hour
        )
        for client in (load.group, runner.group):
            database.let_in(client)
        # The whole stack is for tests; the tag stands on the cluster, which is all that is looked at.
        cdk.Tags.of(database.cluster).add(
            OPT_IN, "true", include_resource_types=["AWS::RDS::DBCluster"]
        )
        accept(self)
