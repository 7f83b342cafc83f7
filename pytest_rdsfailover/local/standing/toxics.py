"""Toxics of a standing cluster, as users type them: `latency=200 jitter=50`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import get_args

from pytest_rdsfailover.local.listeners import ARMED
from pytest_rdsfailover.local.standing.visitor import VisitedCluster
from pytest_rdsfailover.local.toxiproxy.arguments import Stream
from pytest_rdsfailover.local.toxiproxy.toxics import KINDS
from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.errors import SettingError, did_you_mean
from pytest_rdsfailover.model.given_names import once

STREAMS: tuple[Stream, ...] = get_args(Stream)
FASTENED = ("stream", "toxicity")  # what every toxic has beside its attributes
MOST = 2**31 - 1  # of an attribute: 24 days in milliseconds
EXAMPLE = "write one as latency=200, or latency latency=200 jitter=50"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedToxic:
    """A toxic that somebody wants.

    Attributes:
        kind: its type in Toxiproxy.
        attributes: of the type, in Toxiproxy's units: milliseconds, bytes.
        stream: `downstream`, towards the client, or `upstream`.
        toxicity: the chance that it acts on a link, 0 to 1.
    """

    kind: str
    attributes: Mapping[str, int] = field(default_factory=dict)
    stream: Stream = "downstream"
    toxicity: float = 1.0

    @property
    def name(self) -> str:
        """Return its name in Toxiproxy; an endpoint has one toxic of a kind in each direction."""
        return f"{self.kind}_{self.stream}"


def parse_toxic(words: Sequence[str]) -> WantedToxic:
    """Return the toxic that words such as `latency=200`, `jitter=50` and `stream=upstream` mean.

    Raises:
        SettingError: if a word is unknown (the message names the nearest one), or a value is wrong.
    """
    kind, equals, value = words[0].partition("=")
    if kind not in KINDS:
        raise SettingError(
            f"there is no toxic {kind!r}{did_you_mean(kind, KINDS)} (toxics: {', '.join(KINDS)});"
            f" {EXAMPLE}"
        )
    names = [attribute.name for attribute in fields(KINDS[kind])]
    pairs = [_pair(word) for word in words[1:]]
    if equals:
        if not names:
            raise SettingError(f"a toxic {kind!r} has no attribute, so no value; write {kind}")
        pairs.append((names[0], value))
    given = once(pairs, "toxic")
    for name in given:
        if name not in (*names, *FASTENED):
            known = (*names, *FASTENED)
            raise SettingError(
                f"a toxic {kind!r} has no attribute {name!r}{did_you_mean(name, known)} (attributes:"
                f" {', '.join(known)})"
            )
    return WantedToxic(
        kind=kind,
        attributes={name: _whole(name, given[name]) for name in names if name in given},
        stream=_stream(given.get("stream", STREAMS[0])),
        toxicity=_share(given.get("toxicity", "1")),
    )


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise SettingError(f"{word!r} says nothing of a toxic; {EXAMPLE}")
    return name, value


def _whole(name: str, text: str) -> int:
    """Return a whole number; a duration is one of milliseconds."""
    try:
        number = int(text)
    except ValueError:
        try:
            number = round(1000 * parse_duration(text))
        except SettingError:
            number = -1
    if not 0 <= number <= MOST:
        raise SettingError(
            f"{name}={text}: write a whole number from 0 to {MOST}, of milliseconds or bytes"
        )
    return number


def _stream(text: str) -> Stream:
    if text not in STREAMS:
        raise SettingError(f"stream={text}: write one of {', '.join(STREAMS)}")
    return text


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise SettingError(f"toxicity={text}: write a number from 0 to 1")
    return share


class StandingToxics:
    """The toxics on the endpoints of a standing cluster.

    Args:
        cluster: the cluster.
    """

    def __init__(self, cluster: VisitedCluster) -> None:
        self._cluster, self._client = cluster, cluster.toxiproxy

    def add(self, called: str, wanted: WantedToxic) -> None:
        """Put a toxic on an endpoint, in place of one of the same kind and direction.

        Raises:
            SettingError: if there is no such endpoint.
            ToxiproxyError: if Toxiproxy refuses it.
        """
        proxy = self._proxy(called)
        self.remove(called, {wanted.name})
        self._client.add_toxic(
            proxy,
            type=wanted.kind,
            stream=wanted.stream,
            toxicity=wanted.toxicity,
            attributes=wanted.attributes,
        )

    def remove(self, called: str, names: set[str] | None = None) -> list[str]:
        """Remove toxics from an endpoint, all without names; return the names of those removed."""
        proxy = self._proxy(called)
        found = [name for name in self.on(called) if names is None or name in names]
        for name in found:
            self._client.remove_toxic(proxy, name)
        return found

    def on(self, called: str) -> dict[str, Mapping[str, int]]:
        """Return the toxics on an endpoint by name, with their attributes."""
        toxics = self._client.toxics(self._proxy(called))
        return {name: toxic.attributes for name, toxic in toxics.items() if name != ARMED}

    def listens(self, called: str) -> bool:
        """Tell whether an endpoint takes connections at all."""
        return bool(self._client.proxy(self._proxy(called)).enabled)

    def let_listen(self, called: str, *, enabled: bool) -> None:
        """Let an endpoint refuse connections and cut those that exist, or take them again."""
        self._client.update(self._proxy(called), enabled=enabled)

    def _proxy(self, called: str) -> str:
        description = self._cluster.description
        return description.prefix + description.inside(called)
