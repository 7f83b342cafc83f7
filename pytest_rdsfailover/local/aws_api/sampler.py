"""Takes a sample of what the gateway counts every second, for CloudWatch. Does not use moto."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from itertools import pairwise

from pytest_rdsfailover.local.aws_api.figures import Point, points
from pytest_rdsfailover.local.aws_api.shown import now
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.views import ClusterFigures
from pytest_rdsfailover.model.errors import GatewayError

EVERY = 1.0  # seconds
KEPT = 3600  # samples


class Sampler:
    """Keeps the figures of the last hour.

    Args:
        gateway: a connection that nobody else uses.
    """

    def __init__(self, gateway: GatewayClient) -> None:
        self._gateway = gateway
        self._samples: deque[tuple[datetime, ClusterFigures]] = deque(maxlen=KEPT)

    def start(self) -> None:
        """Begin to sample, until the process ends."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            with suppress(GatewayError):  # which other requests will tell
                self.take()
            time.sleep(EVERY)

    def take(self) -> None:
        """Take a sample.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        self._samples.append((now(), self._gateway.figures()))

    def points(self, clusters: Mapping[str, str]) -> list[tuple[datetime, Point]]:
        """Return all that is to be shown of the instances of these clusters."""
        return [
            (at, point)
            for (_, before), (at, after) in pairwise(list(self._samples))
            for point in points(before, after, clusters)
        ]
