"""How the AWS API of a local cluster falls short, as AWS' own does: late, and busy. Pure."""

import json
import random
from dataclasses import asdict, dataclass

from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.errors import SettingError

IMPAIR = "/rdsfailover/impair"  # no call of AWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """What the API does worse than it can.

    Attributes:
        lag: seconds after which it shows that a failover or a restart has got further.
        late_events: seconds after which it lists an event.
        rate_exceeded: share of the calls that it refuses.
    """

    lag: float = 0.0
    late_events: float = 0.0
    rate_exceeded: float = 0.0

    @classmethod
    def parse(cls, lag: str, late_events: str, rate_exceeded: float) -> "Impairment":
        """Return what durations such as `2s` and a share say.

        Raises:
            SettingError: naming the value that says nothing.
        """
        if not (isinstance(rate_exceeded, int | float) and 0 <= rate_exceeded <= 1):
            raise SettingError(f"rate_exceeded={rate_exceeded!r} is no share: write 0.1 for 10 %")
        return cls(
            lag=parse_duration(lag),
            late_events=parse_duration(late_events),
            rate_exceeded=rate_exceeded,
        )

    def encode(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> "Impairment":
        """Return what `encode` was called on."""
        return cls(**json.loads(text))


class Throttle:
    """Decides which calls are refused: the same ones in each run with the same seed."""

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._chance = random.Random(f"{seed} rate exceeded")  # noqa: S311 - no secret

    def refuses(self) -> bool:
        """Tell whether the next call is refused."""
        return self._chance.random() < self._share
