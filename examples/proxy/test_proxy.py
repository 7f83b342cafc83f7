import pytest


def test_the_proxy_hides_a_failover_from_idle_clients(rds_cluster, rds_failover):
    connection = rds_cluster.proxy_endpoint.connect(read_timeout=10)
    with connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+05:45'")
        before = rds_cluster.writer

        rds_failover()

        cursor.execute("SELECT @@aurora_server_id, @@time_zone")
        instance, zone = cursor.fetchone()
    assert instance != before
    assert zone == "+05:45"


def test_writes_through_the_proxy_wait_instead_of_failing(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.proxy_endpoint, writers=8, rate=100, warmup="500ms")

    assert trial.downtime < 5.0
    assert trial.lost == []
    assert rds_cluster.proxy.pins == []  # no session kept a connection to itself


@pytest.mark.rds_proxy(max_connections_percent=5)
def test_many_clients_share_few_connections(rds_cluster):
    clients = [rds_cluster.proxy_endpoint.connect() for _ in range(40)]
    for client in clients:
        with client.cursor() as cursor:
            cursor.execute("SELECT 1")

    stats = rds_cluster.proxy.stats()
    assert stats.client_connections == 40
    assert stats.database_connections < 10

    for client in clients:
        client.close()


@pytest.mark.rds_aws_names("eu-west-1")
def test_the_proxy_is_verified_by_its_production_like_name(rds_cluster):
    endpoint = rds_cluster.proxy_endpoint
    assert endpoint.host.endswith(".eu-west-1.rds.amazonaws.com")
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Uptime'")
        assert cursor.fetchone()
