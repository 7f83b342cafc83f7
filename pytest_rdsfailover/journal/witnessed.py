"""What the cluster's own side saw of a load, beside what its writers say."""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_rdsfailover.model.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """What came to the cluster while a load ran; each count since the load began, by endpoint.

    Attributes:
        endpoint: the name of the endpoint that the load is for.
        address: where that is, as `host:port`.
        calm: what had come right before the trigger; None if nothing was triggered.
        calm_at: when that was, in monotonic seconds.
        whole: what had come when the load ended; None if nobody could look any more.
        ahead: the most acknowledged writes that lacked their confirmation at one look after that.
        peers: other addresses to which this process was connected meanwhile, if anybody looked.
        rollbacks: how many ROLLBACK statements the server executed meanwhile, those in procedures among
            them; None if nobody could look.
        in_memory: tables that live in memory, if the load may have written to them.
        changed: how many rows the server had changed by *calm_at*, of all clients; None if nobody looked.
    """

    endpoint: str
    address: str
    calm: Mapping[str, Traffic] | None
    calm_at: float
    whole: Mapping[str, Traffic] | None
    ahead: int = 0
    peers: tuple[str, ...] = ()
    rollbacks: int | None = None
    in_memory: tuple[str, ...] = ()
    changed: int | None = None


def since(
    now: Mapping[str, Traffic] | None, before: Mapping[str, Traffic] | None
) -> dict[str, Traffic] | None:
    """Return what has come to each endpoint since an earlier look; None if nobody looks."""
    if now is None or before is None:
        return None
    return {name: traffic.minus(before.get(name, Traffic())) for name, traffic in now.items()}
