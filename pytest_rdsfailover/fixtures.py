"""What users name in their tests; the only place that picks local or live, and lazily."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, Unpack

import pytest

from pytest_rdsfailover.errors import SettingError
from pytest_rdsfailover.run import RUN

MARKERS = (
    "rds_profile(name): the failover profile of this test, instead of the run's own",
    "rds_instances(count): how many instances this test's local cluster has",
    "rds_expect(**bounds): what every trial of this test must hold to, as in trial.expect(...)",
)


@pytest.fixture(scope="session")
def rds_backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The clusters of this session, started when first asked for; stopped at the end."""
    from pytest_rdsfailover.local.backend import LocalBackend  # noqa: PLC0415 - costs only users

    with LocalBackend(request.config.stash[RUN].settings) as backend:
        yield backend
