"""What the control plane is told at its start: all that it shows of the cluster but its state."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_rdsfailover.local.aws_api.script import Script, decode_script, encode_script
from pytest_rdsfailover.local.server.accounts import Address
from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA, AuroraVersion, aurora_version
from pytest_rdsfailover.model.settings import USUAL_BLUE_GREEN

ENGINE = "aurora-mysql"
INSTANCE_CLASS = "db.r7g.large"
GLOBAL, ABROAD = "rdsfailover-global", "rdsfailover-abroad"
REGIONS_ABROAD = ("us-west-2", "eu-west-1")
UNDO = "/rdsfailover/undo"  # the one path that is no call of AWS
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The cluster as its control plane shows it.

    Attributes:
        cluster: its identifier.
        region: the region that it is in.
        control: path of the gateway's control socket.
        places: host and port of each endpoint: `cluster`, `reader`, `proxy` if there is one, and
            the instances.
        user: the database account that may log in at the endpoints.
        password: the first password of that account; another works once that was rotated.
        database: the schema of that account.
        server: where the real server listens.
        usual: what a failover looks like unless its request says otherwise.
        abroad: ids of the instances that are in another region. They form a cluster there, and both
            clusters form a global database. Empty without one.
        aurora: the version of Aurora MySQL that it is like.
        listening: the address and port of the cluster endpoint, whatever its name is.
        custom_domain: what names of custom endpoints end with; empty if these are addresses.
        global_host: name of the global writer endpoint; empty if that is an address.
        blue_green: name or path of the blue/green switchover to play.
        toxiproxy: where its Toxiproxy takes commands; empty if its endpoints have names.
        prefix: what the names of its proxies begin with there.
    """

    cluster: str
    region: str
    control: str
    places: Mapping[str, tuple[str, int]]
    user: str
    password: str = field(repr=False)
    database: str
    server: Address
    usual: Script
    abroad: tuple[str, ...] = ()
    listening: tuple[str, int] = ("127.0.0.1", 3306)
    custom_domain: str = ""
    global_host: str = ""
    aurora: str = USUAL_AURORA.name
    blue_green: str = USUAL_BLUE_GREEN
    toxiproxy: str = ""
    prefix: str = ""

    @property
    def version(self) -> AuroraVersion:
        """Return the version by its record."""
        return aurora_version(self.aurora)

    def encode(self) -> str:
        """Return it as JSON; it holds a password."""
        table = {name: getattr(self, name) for name in self.__slots__ if name != "usual"}
        table |= {"server": asdict(self.server)}
        return json.dumps(table | {"usual": encode_script(self.usual.profile, self.usual.seed)})

    @classmethod
    def decode(cls, text: str) -> "Shown":
        """Return what `encode` was called on.

        Raises:
            KeyError, TypeError, ValueError: if the text is anything else.
        """
        table: dict[str, Any] = json.loads(text)
        table["places"] = {
            name: (host, int(port)) for name, (host, port) in table["places"].items()
        }
        table["listening"] = tuple(table["listening"])
        table["abroad"], table["server"] = tuple(table["abroad"]), Address(**table["server"])
        return cls(**(table | {"usual": decode_script(table["usual"])}))


def other_region(region: str) -> str:
    """Return the region of the instances abroad."""
    return next(name for name in REGIONS_ABROAD if name != region)


def deployment_id(suffix: str) -> str:
    """Return the identifier of the blue/green deployment whose green names end so."""
    return f"bgd-{suffix[-6:]:0>16}"


def windows(now: datetime) -> tuple[str, str]:
    """Return a backup and a maintenance window that are half a day and half a week away.

    Live mode refuses to fail over inside of such windows. The time of day must not make it do so.
    """
    backup, upkeep = now + timedelta(hours=12), now + timedelta(days=3, hours=6)
    day, end = DAYS[upkeep.weekday()], upkeep + timedelta(minutes=30)
    return (
        f"{backup:%H:%M}-{backup + timedelta(minutes=30):%H:%M}",
        f"{day}:{upkeep:%H:%M}-{DAYS[end.weekday()]}:{end:%H:%M}",
    )


def now() -> datetime:
    """Return the present in UTC, the zone of RDS' windows."""
    return datetime.now(UTC)
