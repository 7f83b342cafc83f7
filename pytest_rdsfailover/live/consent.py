"""Whether a cluster's owner allows failovers of it: the opt-in tag, and no sign of production; pure."""

import re
from collections.abc import Iterator, Mapping

from pytest_rdsfailover.live.facts import ClusterFacts
from pytest_rdsfailover.live.production import production_signs
from pytest_rdsfailover.model.live_settings import LiveSettings

GREEN = "-green-[0-9a-z]{6}"  # what RDS adds to the name of a cluster for its green twin
REFUSALS = frozenset({"false", "no", "never", "deny", "denied"})


def why_no_consent(
    asked: LiveSettings, cluster: ClusterFacts, *, twin_of: str | None = None
) -> str:
    """Return why failovers of a cluster are not allowed; empty if they are.

    Args:
        asked: what the user allows.
        cluster: the cluster.
        twin_of: the identifier of the cluster whose green twin it is; None if it is none.
    """
    key, _, opt_in = asked.opt_in.partition("=")
    value = cluster.tags.get(key)
    denying = next(_denying(cluster, key), "")
    if denying:
        return f"the tag {denying} forbids it"
    if value != opt_in:
        return f"{cluster.id} must carry the tag {key}={opt_in}, yet has {value or 'none such'}"
    signs = list(dict.fromkeys(_signs(asked, cluster, key)))
    if signs and not _overridden(asked, cluster, twin_of):
        return (
            f"{cluster.id} looks like production ({', '.join(signs)}); only"
            f" --rds-production-override={twin_of or cluster.id} would allow it"
        )
    return ""


def _overridden(asked: LiveSettings, cluster: ClusterFacts, twin_of: str | None) -> bool:
    """Tell whether a cluster may look like production: the one that is named, or its green twin."""
    name = asked.production_override
    named_after = re.fullmatch(re.escape(twin_of or "") + GREEN, cluster.id) is not None
    return cluster.id == name or (twin_of is not None and twin_of == name and named_after)


def _denying(cluster: ClusterFacts, key: str) -> Iterator[str]:
    """Yield the tags that deny, in any spelling: `RdsFailover:Allowed=Never`."""
    for carrier, tags in _tagged(cluster):
        for name, text in tags.items():
            if name.strip().casefold() == key.casefold() and text.strip().casefold() in REFUSALS:
                yield f"{name}={text} of {carrier}"


def _signs(asked: LiveSettings, cluster: ClusterFacts, key: str) -> Iterator[str]:
    """Yield what looks like production: of the cluster, its instances, and what leads to it."""
    leading = (asked.proxy, asked.global_cluster)
    names = [*(carrier for carrier, _ in _tagged(cluster)), *(name for name in leading if name)]
    yield from production_signs(names, {}, key)
    for _, tags in _tagged(cluster):
        yield from production_signs((), tags, key)


def _tagged(cluster: ClusterFacts) -> list[tuple[str, Mapping[str, str]]]:
    """Return the cluster and its instances, each by its id and with its tags."""
    return [(cluster.id, cluster.tags), *((member.id, member.tags) for member in cluster.members)]
