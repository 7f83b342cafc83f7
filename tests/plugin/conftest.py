"""A project of somebody who tests failovers, run by a pytest of its own."""

import os
from pathlib import Path

import pytest

# pytester gives its tests a new home, and with it a cache without any server's template.
CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")

QUICK = """
[pytest]
rds_warmup = 300ms
rds_cooldown = 100ms
rds_writers = 4
rds_rate = 200
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """Return pytester with short trials and no option from outside."""
    for name in [name for name in os.environ if name.startswith("RDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)
    pytester.makeini(QUICK)
    return pytester
