"""The failover as the service's clients see it: requests over HTTP, orders read back by SQL."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from pytest_rdsfailover import HttpWorkload

SERVE = "import uvicorn; uvicorn.run('service:app', fd=0, log_level='warning')"


@pytest.fixture
def orders(rds_cluster):
    """Makes the table; returns what reads it."""

    def run(sql):
        with rds_cluster.writer_endpoint.connect(autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall()

    run("CREATE TABLE orders (ref VARCHAR(64) PRIMARY KEY)")
    yield lambda: [ref for (ref,) in run("SELECT ref FROM orders")]
    run("DROP TABLE orders")


@pytest.fixture
def service(rds_cluster, orders):  # noqa: ARG001 - its table
    """Runs the service on a free port; returns its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = os.environ | rds_cluster.writer_endpoint.env("mysql+pymysql")
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            stdin=listener,
            env=environment,
            cwd=Path(__file__).parent,
        )
    try:
        assert httpx.get(f"{url}/docs", timeout=20).status_code == 200  # waits until it has started
        yield url
    finally:
        process.terminate()
        process.wait(10)


def test_clients_of_the_service_lose_no_order(rds_trial, rds_cluster, service, orders):
    trial = rds_trial(
        rds_cluster.writer_endpoint,
        workload=HttpWorkload(url=service + "/orders?ref={key}", outcomes={409: "acked"}),
        stored=orders,
        writers=8,
        rate=100,
    )

    trial.expect(downtime="< 3s", lost=0, duplicated=0, stuck_writers=0)
