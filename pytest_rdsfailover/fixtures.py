"""What users name in their tests; the only place that picks local or live, and lazily."""

import contextlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rdsfailover.run import RUN, Run

if TYPE_CHECKING:
    from pytest_rdsfailover.endpoints import Endpoint
    from pytest_rdsfailover.experiment import Observation, Trial
    from pytest_rdsfailover.local.backend import LocalBackend
    from pytest_rdsfailover.local.cluster import LocalCluster
    from pytest_rdsfailover.records import Milestone
    from pytest_rdsfailover.toxiproxy.client import ToxiproxyClient

MARKERS = (
    "rds_profile(name): the failover profile of this test",
    "rds_instances(count): how many instances this test's cluster has",
    "rds_expect(**bounds): what every trial of this test must hold to, as in trial.expect(...)",
)
