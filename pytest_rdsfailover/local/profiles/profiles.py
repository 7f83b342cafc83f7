"""A failover as data: what happens after the trigger, and when; read from TOML and checked."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from pytest_rdsfailover.local.profiles.shapes import Shape, between, shape
from pytest_rdsfailover.local.profiles.tables import find_table, shipped_tables
from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.errors import SettingError, did_you_mean

FILE = "profiles.toml"
NO_HOLD = between(0.0, 0.0)
CUTS = ("reset", "close", "hang", "keep")
PROXY_CONNECTS = ("accept", "error")
READ_ONLY_ERRORS = (1290, 1836)  # older and newer Aurora MySQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of failover. Durations count from the onset, the onset from the trigger.

    Attributes:
        name: what users call it.
        about: what it reproduces, in one sentence.
        onset: how long the control plane works before anything is felt.
        cut: how sessions on the old writer and on the failover target end: `reset` (RST), `close`
            (FIN) or `hang` (silence). A restart in place may `keep` them (zero-downtime restart).
        refused: how long the old writer refuses new connections; under `hang`, leaves them
            unanswered.
        promotion: when the new writer takes writes; None for a crash in place, after which the
            same writer is back.
        dns: when the cluster endpoint changes sides, one duration for each time. The last time leads to
            the new writer, so the count is odd: above 1 the endpoint goes back and forth before.
            Empty for a crash.
        read_only_error: what readers, the demoted writer among them, answer to writes.
        dns_ttl: for how many seconds a resolver may remember where the cluster's name leads; only
            AWS-shaped names are remembered.
        proxy_hold: how long RDS Proxy queues requests after the promotion (under a crash: after
            the restart); before that no instance would take them.
        proxy_connect: what becomes of new clients of the proxy meanwhile: `accept`, or `error`
            (1105).
        replica_lag: how old what readers show is at least, as long as the cluster lives.
        small: by how much each command takes longer on the new writer when it is promoted, because
            it was a small reader.
        growth: after how long it has grown; until then commands take longer by less and less.
    """

    name: str
    about: str
    onset: Shape
    cut: str
    refused: Shape
    promotion: Shape | None
    dns: tuple[Shape, ...]
    read_only_error: int
    dns_ttl: float = 0.0
    proxy_hold: Shape = NO_HOLD
    proxy_connect: str = "accept"
    replica_lag: Shape = NO_HOLD
    small: Shape = NO_HOLD
    growth: Shape = NO_HOLD

    def __post_init__(self) -> None:
        """Refuse a failover that cannot happen."""
        if self.cut not in CUTS:
            raise self._wrong("cut", f"{self.cut!r}; choose one of {', '.join(CUTS)}")
        if self.cut == "keep" and self.promotion is not None:
            raise self._wrong(
                "cut", "'keep'; only a restart in place, without a promotion, can do that"
            )
        if self.read_only_error not in READ_ONLY_ERRORS:
            raise self._wrong(
                "read_only_error", f"{self.read_only_error!r}; Aurora uses 1290 or 1836"
            )
        if self.proxy_connect not in PROXY_CONNECTS:
            raise self._wrong(
                "proxy_connect",
                f"{self.proxy_connect!r}; choose one of {', '.join(PROXY_CONNECTS)}",
            )
        if self.small.high and not (self.growth.low and self.moves_writer):
            raise self._wrong("small", "given; it needs `promotion`, and `growth`, which ends it")
        if self.promotion is None and self.dns:
            raise self._wrong("dns", "given, but without a promotion there is nobody to point at")
        if self.promotion is not None and len(self.dns) % 2 == 0:
            raise self._wrong("dns", f"{len(self.dns)} flips; an odd count ends at the new writer")
        if any(early.high > late.low for early, late in zip(self.dns, self.dns[1:], strict=False)):
            raise self._wrong("dns", "flips overlap; write them in order of time")

    def _wrong(self, field: str, what: str) -> SettingError:
        return SettingError(f"profile {self.name!r}: {field} is {what}")

    @property
    def contents(self) -> Mapping[str, object]:
        """Return what it says: two profiles of the same contents are the same failovers."""
        return {
            name: value for name, value in asdict(self).items() if name not in ("name", "about")
        }

    @property
    def fingerprint(self) -> str:
        """Return a short hash of what it says."""
        return hashlib.sha256(repr(self.contents).encode()).hexdigest()[:12]

    @property
    def moves_writer(self) -> bool:
        """Tell whether another instance is the writer afterwards."""
        return self.promotion is not None


def shipped() -> tuple[str, ...]:
    """Return the names of the profiles that come with the package."""
    return tuple(sorted(shipped_tables(FILE)))


def load_profile(name: str) -> Profile:
    """Return a shipped profile by name, or the user's own from a TOML file by path.

    Raises:
        SettingError: if there is no such profile, or if it describes no possible failover.
    """
    return parse_profile(*find_table("failover profile", name, shipped_tables(FILE)))


def parse_profile(name: str, table: Mapping[str, Any]) -> Profile:
    """Return the profile that a TOML table describes.

    Raises:
        SettingError: if a field is unknown, missing or no duration.
    """
    names = {field.name for field in fields(Profile)} - {"name"}
    for key in table:
        if key not in names:
            hint = did_you_mean(key, names) or f"; known: {', '.join(sorted(names))}"
            raise SettingError(f"profile {name!r} has an unknown field {key!r}{hint}")
    try:
        promotion = table.get("promotion")
        return Profile(
            name=name,
            about=str(table.get("about", "")),
            onset=shape(table.get("onset", "0s")),
            cut=table.get("cut", "reset"),
            refused=shape(table["refused"]),
            promotion=None if promotion is None else shape(promotion),
            dns=_flips(table.get("dns", [])),
            read_only_error=table.get("read_only_error", 1836),
            dns_ttl=parse_duration(str(table.get("dns_ttl", "0s"))),
            proxy_hold=shape(table.get("proxy_hold", "0s")),
            proxy_connect=table.get("proxy_connect", "accept"),
            replica_lag=shape(table.get("replica_lag", "0s")),
            small=shape(table.get("small", "0s")),
            growth=shape(table.get("growth", "0s")),
        )
    except KeyError as error:
        raise SettingError(f"profile {name!r} lacks the field {error}") from error
    except SettingError as error:
        if str(error).startswith("profile "):
            raise
        raise SettingError(f"profile {name!r}: {error}") from error


def _flips(value: object) -> tuple[Shape, ...]:
    """Return one shape for each flip: a single one, or a list of an odd number of lists."""
    if isinstance(value, list) and all(isinstance(flip, list) for flip in value):
        return tuple(shape(flip) for flip in value)
    return (shape(value),)
