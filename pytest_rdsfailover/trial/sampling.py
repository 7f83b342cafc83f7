"""Which failover a trial samples: trial i of every scenario of one test function has the same."""

import zlib
from collections import Counter

from pytest_rdsfailover.model.node_ids import function_of

Place = tuple[str, str]  # the endpoint's name and the failover profile


class Sampling:
    """The seeds of one test's failovers.

    They follow from the run's seed, the test function and the trial's number in its scenario. The
    parameters of a test are no part of them, so that its scenarios meet the same failovers.

    Args:
        seed: the run's.
        test: the test's node id.

    Attributes:
        count: how many seeds were given or left out.
    """

    def __init__(self, seed: int, test: str) -> None:
        self._base = f"{seed}/{function_of(test)}"
        self._numbers: Counter[Place] = Counter()
        self.count = 0

    def begin(self, place: Place) -> None:
        """Begin a population, whose first trial is number 1 again."""
        del self._numbers[place]

    def skip(self, place: Place) -> None:
        """Leave out one trial: the next one gets the seed that it would have had after that."""
        self.count += 1
        self._numbers[place] += 1

    def next(self, place: Place) -> int:
        """Return the seed of the next failover there."""
        self.skip(place)
        return zlib.crc32(f"{self._base}/{self._numbers[place]}".encode())
