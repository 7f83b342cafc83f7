"""What a real cluster's trials were measured on, in words for people."""

from collections.abc import Mapping

from pytest_rdsfailover.live.addresses import Addresses
from pytest_rdsfailover.live.facts import ClusterFacts, ProxyFacts
from pytest_rdsfailover.live.gatherer import Gatherer


def parts(
    gatherer: Gatherer, facts: ClusterFacts, proxy: ProxyFacts | None, addresses: Addresses
) -> Mapping[str, str]:
    """Return what was measured, and through what, by the names of the parts."""
    asked, offset = gatherer.asked, gatherer.offset
    credentials, uncertain = addresses.credentials, f"±{gatherer.uncertainty:.1f} s"
    found = {
        "cluster": f"{asked.cluster} ({facts.engine} {facts.version})",
        "place": f"account {asked.account}, {asked.region}",
        "credentials": f"{credentials.user}, from {credentials.source}",
        "tls": "verified" if addresses.ca else "off",
        "trigger": asked.trigger,
        "clock": "unknown" if offset is None else f"AWS is {offset:+.1f} s ({uncertain}) from ours",
    }
    if asked.endpoint_url:
        found["stand-in"] = asked.endpoint_url
    if proxy is not None:
        found["proxy"] = proxy.name
    return found
