"""What describes a toxic, for editors and type checkers."""

from collections.abc import Mapping
from typing import Literal, Required, TypedDict

Stream = Literal["downstream", "upstream"]
ToxicType = Literal[
    "bandwidth",
    "latency",
    "limit_data",
    "noop",
    "reset_peer",
    "slicer",
    "slow_close",
    "timeout",
]


class ToxicOptions(TypedDict, total=False):
    """What `rds_toxiproxy.toxic` takes after the endpoint and the type, in Toxiproxy's units.

    Attributes:
        latency: of `latency`: how much later bytes arrive, in milliseconds.
        jitter: of `latency`: how much that varies, in milliseconds.
        rate: of `bandwidth`: kilobytes a second.
        delay: of `slow_close`: how late the end comes, in milliseconds; of `slicer`: the pause after
            each piece, in microseconds.
        timeout: of `timeout` and `reset_peer`: after how many milliseconds the connection ends; 0
            means never for `timeout`, at once for `reset_peer`.
        average_size: of `slicer`: bytes in a piece.
        size_variation: of `slicer`: by how many bytes that varies.
        bytes: of `limit_data`: after how many of them the connection ends.
        stream: of all: `downstream`, towards the client, which it is if left out, or `upstream`.
        toxicity: of all: the chance that it acts on a connection, 0 to 1; 1 if left out.
    """

    latency: int
    jitter: int
    rate: int
    delay: int
    timeout: int
    average_size: int
    size_variation: int
    bytes: int
    stream: Stream
    toxicity: float


class ToxicDescription(TypedDict, total=False):
    """A toxic, as `ToxiproxyClient.toxic` and the methods of `ToxiproxyProxy` take it.

    Attributes:
        type: what the toxic does, for example `latency`.
        name: what to call it; `{type}_{stream}` if left out.
        stream: `downstream`, towards the client, which it is if left out, or `upstream`.
        toxicity: the chance that it acts on a connection, 0 to 1; 1 if left out.
        attributes: the attributes of the type, in Toxiproxy's units.
    """

    type: Required[str]
    name: str | None
    stream: Stream
    toxicity: float
    attributes: Mapping[str, int] | None
