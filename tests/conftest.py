"""What all tests share: pytester, and that no test takes itself for a part of this run."""

import os

import hypothesis

# Tests start runs of pytest, and none of those is a worker of ours.
for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
    os.environ.pop(name, None)

pytest_plugins = ["pytester"]

# A busy machine may take longer for one example than the default deadline.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
