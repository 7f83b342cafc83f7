"""A stand-in region: the AWS API of a local cluster, which is the data plane behind it."""

import os
import shutil

import pytest
from regions import StandIn, at_rest

from pytest_rdsfailover.live.backend import LiveBackend
from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@pytest.fixture
def pytester(pytester, monkeypatch):
    """Return pytester whose runs load our plugin, and xdist for several workers, and no other."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p rdsfailover -p xdist")
    return pytester


@pytest.fixture(scope="session")
def make_cluster(shared_moto):
    """Start a cluster whose failovers are as a profile says."""
    program = next(
        shutil.which(name, path=PLACES)
        for name in ("mariadbd", "mysqld")
        if shutil.which(name, path=PLACES)
    )

    def make(profile, **options):
        toxiproxy = find_toxiproxy("builtin")
        return LocalCluster(
            find_server(program), toxiproxy, profile, shared_moto=shared_moto, **options
        )

    return make


@pytest.fixture(scope="session")
def local_cluster(make_cluster):
    with make_cluster(load_profile("quick")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def region(local_cluster):
    """The region of a module's cluster; what it takes to ask it is made once."""
    return StandIn(local_cluster)


@pytest.fixture
def stand_in(region, monkeypatch):
    """The region, healthy and at rest, and the variables of somebody who may act in it."""
    yield at_rest(region, monkeypatch)
    region.cluster.rest()


@pytest.fixture
def backend(stand_in, tmp_path):
    """Make the backend of a run, as its options would."""
    made = []

    def make(**changes):
        backend = LiveBackend(stand_in.settings(**changes), tmp_path / "live")
        made.append(backend)
        return backend

    yield make
    for each in made:
        each.__exit__()
