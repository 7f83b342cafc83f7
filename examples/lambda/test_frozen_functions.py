"""Frozen functions take all connections of the cluster endpoint, and none of the proxy's."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql
import pytest

pytest.importorskip("awslambdaric")

AT_ONCE = 8
HERE = Path(__file__).parent


def package():
    """Return the function and its driver, as one would upload them."""
    driver = Path(pymysql.__file__).parent
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(HERE / "app.py", "app.py")
        for path in sorted(driver.rglob("*.py")):
            archive.write(path, path.relative_to(driver.parent))
    return buffer.getvalue()


@pytest.fixture
def invoke_all(rds_aws):
    """Invoke the function with its database at an endpoint, several times at once."""
    api = rds_aws.client("lambda")

    def invoke_all(endpoint):
        api.create_function(
            FunctionName="orders",
            Runtime="python3.13",
            Handler="app.handler",
            Timeout=30,
            Role="arn:aws:iam::123456789012:role/orders",
            Environment={"Variables": endpoint.env()},
            Code={"ZipFile": package()},
        )
        invoke = {"FunctionName": "orders", "Payload": b'{"busy": 2}'}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _: api.invoke(**invoke), range(AT_ONCE)))
        return [json.loads(answer["Payload"].read()) for answer in answers]

    return invoke_all


def test_frozen_functions_take_all_connections_of_the_cluster_endpoint(
    rds_cluster, rds_faults, invoke_all
):
    endpoint = rds_cluster.writer_endpoint
    with rds_faults.too_many_connections(most=AT_ONCE):
        connections = {answer["connection"] for answer in invoke_all(endpoint)}
        assert len(connections) == AT_ONCE  # one for each environment, and all of them done

        with pytest.raises(pymysql.err.OperationalError) as refused:
            endpoint.connect()
    assert refused.value.args[0] == 1040


def test_the_proxy_has_room_for_all_of_them(rds_cluster, rds_faults, invoke_all):
    endpoint = rds_cluster.proxy_endpoint
    with rds_faults.too_many_connections(most=AT_ONCE // 2):
        invoke_all(endpoint)
        stats = rds_cluster.proxy.stats()
        assert stats.client_connections == AT_ONCE  # as many as before, over half the connections
        assert stats.database_connections <= AT_ONCE // 2

        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
