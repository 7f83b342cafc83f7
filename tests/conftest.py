"""What all tests share: pytester, and that no test takes itself for a part of this run."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest

from pytest_rdsfailover.plugin.fixtures import told_of_moto

# Tests start runs of pytest, and none of those is a worker of ours.
for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
    os.environ.pop(name, None)

# Each connection of PyMySQL reads all authorities that the system trusts, which takes 25 ms of CPU.
# No test asks one of them: here it is one whose key nobody has. What our own authority has signed is
# trusted by its own file.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("authority.pem"))
os.environ["SSL_CERT_DIR"] = os.devnull

pytest_plugins = ["pytester"]

# Which examples hypothesis tries. On no machine has one a deadline: a busy one takes its time.
#   patient: random ones, the default
#   ci: the same ones each time, so that a change is not blamed for what chance found
#   search: very many random ones, `pytest tests/unit --hypothesis-profile=search`
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "patient")


# Of what is there once all tests are collected nothing is garbage before the end. To look for some
# among it, again and again, takes a fifth of the time of collecting, in each worker, and a tenth of
# that of the unit tests; and as a worker ends, pytest would look through it twice, for seconds.


def pytest_collection():
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Put the long tests first and the short ones last, so that all workers end at the same time."""
    items.sort(
        key=lambda item: (item.get_closest_marker("long") is None, "unit" in item.path.parts)
    )


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared_moto(pytestconfig):
    """Who forks AWS APIs for clusters of all workers of this run: each import of moto takes seconds."""
    return told_of_moto(pytestconfig)


@pytest.fixture
def pytester(pytester):
    """Return pytester whose runs in this process look for garbage among what they made, and only there.

    Each run does so twice as it ends, and in a worker that has run thousands of tests this took
    longer than the run.
    """
    gc.collect()
    gc.freeze()
    return pytester
