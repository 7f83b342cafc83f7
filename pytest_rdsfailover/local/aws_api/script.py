"""The failover that a request wants, as a header that AWS would ignore: a profile and a seed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_rdsfailover.local.profiles.profiles import Profile, parse_profile
from pytest_rdsfailover.local.profiles.shapes import Shape
from pytest_rdsfailover.model.errors import SettingError

SCRIPT = "x-rdsfailover-script"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The profile to play, and the seed that decides its durations."""

    profile: Profile
    seed: int


def encode_script(profile: Profile, seed: int) -> str:
    """Return a profile and a seed as one line of ASCII."""
    return json.dumps({"name": profile.name, "profile": profile_table(profile), "seed": seed})


def decode_script(text: str) -> Script:
    """Return what `encode_script` was given.

    Raises:
        SettingError: if the text is anything else.
    """
    try:
        document = json.loads(text)
        profile = parse_profile(str(document["name"]), document["profile"])
        return Script(profile=profile, seed=int(document["seed"]))
    except (KeyError, TypeError, ValueError) as error:
        raise SettingError(f"not a failover script: {error}") from error


def profile_table(profile: Profile) -> Mapping[str, object]:
    """Return a profile as the table that `parse_profile` reads."""
    table: dict[str, object] = {
        "about": profile.about,
        "onset": _shape(profile.onset),
        "cut": profile.cut,
        "refused": _shape(profile.refused),
        "read_only_error": profile.read_only_error,
        "dns_ttl": _seconds(profile.dns_ttl),
        "proxy_hold": _shape(profile.proxy_hold),
        "proxy_connect": profile.proxy_connect,
        "replica_lag": _shape(profile.replica_lag),
        "small": _shape(profile.small),
        "growth": _shape(profile.growth),
    }
    if profile.promotion is not None:
        table["promotion"] = _shape(profile.promotion)
        table["dns"] = [_shape(flip) for flip in profile.dns]
    return table


def _shape(shape: Shape) -> list[Mapping[str, object]]:
    return [
        {"share": share, "range": [_seconds(span.low), _seconds(span.high)]}
        for share, span in shape.spans
    ]


def _seconds(duration: float) -> str:
    return f"{duration:.20f}s"
