"""What is better than what, by margins that no noise moves; how much better says tests/bench."""

import contextlib
import dataclasses
import functools
import threading
import time
from itertools import pairwise
from pathlib import Path

import pymysql
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fitness import fit
from waiting import until
from watching import watch

from pytest_rdsfailover.local.gateway import tls
from pytest_rdsfailover.model.endpoints import Bounds, Tls
from pytest_rdsfailover.mysql import driver

pytestmark = [pytest.mark.local, pytest.mark.one_server]
FROZEN = 0.6  # seconds
PATIENT = Bounds(connect=2.0, read=20.0, write=10.0)
CONNECTIONS, OTHERS = 20, 100


@pytest.fixture(scope="module")
def bundle(proxy_process, tmp_path_factory):
    """The gateway's authority among others: RDS has about a hundred of them in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    others = (tls._certificate(f"authority {n}", key, key) for n in range(OTHERS))
    path = tmp_path_factory.mktemp("bundle") / "bundle.pem"
    path.write_bytes(Path(proxy_process.ca).read_bytes() + b"".join(map(tls._pem, others)))
    return str(path)


@contextlib.contextmanager
def sampling(endpoint):
    """Write as the usual loop does, again and again after a second; yields when it had written."""
    over, times = threading.Event(), []

    def loop():
        while True:
            with driver.connect(endpoint, bounds=PATIENT) as one, one.cursor() as cursor:
                cursor.execute("INSERT INTO sampled VALUES (1)")
            times.append(time.monotonic())
            if over.wait(1.0):
                return

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


def unsure(taken):
    """Return why a freeze was not measured finely; empty if it was."""
    trial = taken[0]
    return trial.clock.problem or ("a wide interval" if trial.resolution > FROZEN / 8 else "")


def test_a_freeze_is_measured_nearer_to_the_truth_than_by_a_loop_that_sleeps(plain_server):
    def take():
        lasted = []

        def freeze():
            with plain_server.frozen():
                begun = time.monotonic()
                time.sleep(FROZEN)
                lasted.append(time.monotonic() - begun)

        with sampling(plain_server.endpoint) as times:
            trial = watch(plain_server, freeze)
            until(lambda: len(times) >= 3)
        return trial, *lasted, max(later - earlier for earlier, later in pairwise(times))

    plain_server.run(f"CREATE TABLE {plain_server.endpoint.database}.sampled (at INT)")
    trial, truth, sampled = fit(take, problem=unsure)
    plain_server.run(f"DROP TABLE {plain_server.endpoint.database}.sampled")

    assert abs(trial.downtime.value - truth) * 3 < abs(sampled - truth)


def test_reconnecting_with_one_tls_context_takes_less_cpu_than_with_one_each(
    proxy_process, plain_server, bundle
):
    port = proxy_process.ports["cluster"]
    endpoint = dataclasses.replace(plain_server.endpoint, port=port, tls=Tls(bundle))
    one_each = functools.partial(
        pymysql.connect,
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password,
        ssl_ca=bundle, ssl_verify_cert=True, ssl_verify_identity=True,
    )  # fmt: skip

    assert cpu(functools.partial(driver.connect, endpoint)) * 3 < cpu(one_each)


def cpu(connect):
    """Return the CPU that connecting again and again takes here, in seconds."""
    begun = time.process_time()
    for _ in range(CONNECTIONS):
        with connect() as connection:
            assert connection._sock.version()
    return time.process_time() - begun
