"""A project of somebody who tests failovers, run by a pytest of its own."""

import os
from pathlib import Path

import pytest
from finished import QUICK, Project

from pytest_rdsfailover.analysis import reliability

# pytester gives its tests a new home, and with it a cache without any server's template.
CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


@pytest.fixture
def pytester(pytester, monkeypatch):
    """Return pytester whose runs load our plugin and no other, and find no AWS API.

    It takes a run longer to import these than to fail a cluster over. A run that wants another plugin
    names it, `-p xdist`.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p rdsfailover -p without_aws")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    # A run in this process shares our modules: what its conftest.py sets there ends with its test.
    monkeypatch.setattr(reliability, "MOST_OWN", reliability.MOST_OWN)
    return pytester


@pytest.fixture
def with_aws(pytester, monkeypatch):  # noqa: ARG001 - which had left it out
    """Have runs of pytest find boto3, and moto."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p rdsfailover")


@pytest.fixture
def project(pytester, monkeypatch):
    """Return pytester with short trials and no option from outside."""
    for name in [name for name in os.environ if name.startswith("RDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)
    pytester.makeini(QUICK)
    return pytester


# What a run of a whole project leaves behind is looked at from many sides, and taken three times: by
# pytest itself, by workers of pytest-xdist, and where there is none. All our workers share them.


@pytest.fixture(scope="session")
def finished_project(request, tmp_path_factory):
    """Return a project with populations and with single trials, of which two tests fail."""
    return Project.shared(request, tmp_path_factory, "project")


@pytest.fixture(scope="session")
def plain(finished_project):
    """Return the project's run by pytest itself, which also saved a baseline."""
    return finished_project.once("plain", "--rds-save=main", "--rds-save-anyway")


@pytest.fixture(scope="session")
def several_workers(finished_project, plain):  # noqa: ARG001 - its baseline is compared with
    """Return the same run by three workers, compared with the plain one."""
    return finished_project.once("workers", "-n3", "--rds-compare=main")


@pytest.fixture(scope="session")
def without_xdist(finished_project):
    """Return the run of its single trials by a pytest that has no pytest-xdist."""
    return finished_project.once("without", "-p", "no:xdist", "-k", "test_single")


@pytest.fixture(scope="session")
def single(finished_project, plain):  # noqa: ARG001 - its baseline is compared with
    """Return a run of one trial, at another rate than the baseline that it is compared with."""
    options = ("--rds-compare=main", "--rds-rate=50", "-k", "test_single and 0")
    return finished_project.once("single", *options)


@pytest.fixture(params=["plain", "several_workers", "without_xdist"])
def finished(request):
    """Return each of these runs by turns."""
    return request.getfixturevalue(request.param)
