"""What all tests share: pytester, and that no test takes itself for a part of this run."""

import gc
import os

import hypothesis
import pytest

# Tests start runs of pytest, and none of those is a worker of ours.
for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
    os.environ.pop(name, None)

pytest_plugins = ["pytester"]

# Which examples hypothesis tries. On no machine has one a deadline: a busy one takes its time.
#   patient: random ones, the default
#   ci: the same ones each time, so that a change is not blamed for what chance found
#   search: very many random ones, `pytest tests/unit --hypothesis-profile=search`
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "patient")


@pytest.fixture
def elders():
    """Have what was there before the test be no matter of a collection of garbage."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def pytester(elders, pytester):  # noqa: ARG001 - whose end comes after pytester's
    """Return pytester whose runs in this process look for garbage among what they made, and only there.

    Each run collects garbage twice as it ends, and in a worker that has run thousands of tests this
    took longer than the run.
    """
    return pytester
