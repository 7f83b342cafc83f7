"""A blue/green deployment and its switchover: what clients of both sides meet, step by step."""

import socket

import pymysql
import pytest
from waiting import until

from pytest_rdsfailover.local.failovers import FailoverInProgressError
from pytest_rdsfailover.local.profiles.switchovers import load_switchover
from pytest_rdsfailover.model.errors import GatewayError, SettingError

pytestmark = pytest.mark.local

SHORT = """
prepare = "50ms"
drop = "150ms"
switch = "300ms"
blue_dns = "600ms"
green_dns = "800ms"
"""
# Who does something within a phase needs longer ones, on a busy machine.
UNHURRIED = """
prepare = "50ms"
drop = "1s"
switch = "1200ms"
blue_dns = "2400ms"
green_dns = "2500ms"
"""
MILESTONES = [
    "trigger", "switchover_initiated", "writes_refused", "switched", "blue_dns", "green_dns_removed",
    "switchover_completed",
]  # fmt: skip


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return str(path)


@pytest.fixture
def unhurried(tmp_path):
    path = tmp_path / "unhurried.toml"
    path.write_text(UNHURRIED)
    return str(path)


@pytest.fixture
def deployment(resting):
    run(
        resting.audit_endpoint(),
        "DROP TABLE IF EXISTS moved",
        "CREATE TABLE moved (n INT PRIMARY KEY)",
    )
    with resting.blue_green() as deployment:
        yield deployment
    run(resting.audit_endpoint(), "DROP TABLE moved")


def run(endpoint, *statements):
    """Return the rows of the last of these statements, on a connection of their own."""
    with endpoint.connect(autocommit=True) as connection:
        return ask(connection, *statements)


def ask(connection, *statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def refusal(connection_or_endpoint, statement="INSERT INTO moved VALUES (999)"):
    """Return the number of the error that a statement ends with."""
    with pytest.raises(pymysql.err.MySQLError) as caught:
        if hasattr(connection_or_endpoint, "cursor"):
            ask(connection_or_endpoint, statement)
        else:
            run(connection_or_endpoint, statement)
    return caught.value.args[0]


def server_id(endpoint):
    return run(endpoint, "SELECT @@aurora_server_id")[0][0]


def reached(switchover, milestone):
    until(lambda: milestone in {mark.name for mark in switchover.milestones()})


def told(endpoint):
    return run(endpoint, "SELECT version, endpoint, port, role, status FROM mysql.rds_topology")


def test_green_has_the_rows_of_blue_and_refuses_writes(resting, deployment):
    run(resting.writer_endpoint, "INSERT INTO moved VALUES (1)")

    assert deployment.status == "AVAILABLE"
    assert run(deployment.green_endpoint, "SELECT n FROM moved") == ((1,),)
    assert refusal(deployment.green_endpoint) in (1290, 1836)
    assert server_id(deployment.green_endpoint) == resting.writer + deployment.suffix
    assert server_id(deployment.green_reader_endpoint).endswith(deployment.suffix)
    assert server_id(resting.writer_endpoint) == resting.writer
    for instance in resting.instances:
        assert (
            server_id(deployment.green_instance_endpoint(instance)) == instance + deployment.suffix
        )
    assert refusal(deployment.old_endpoint, "SELECT 1") in (2003, 2013)


def test_drivers_learn_of_it_by_the_table(resting, deployment):
    rows = told(resting.writer_endpoint)

    assert rows == told(deployment.green_endpoint)
    assert {row[0] for row in rows} == {"1.0"}
    assert {row[4] for row in rows} == {"AVAILABLE"}
    ends = {(row[1], row[2], row[3].removeprefix("BLUE_GREEN_DEPLOYMENT_")) for row in rows}
    blue, green = resting.writer_endpoint, deployment.green_endpoint
    assert ends == {(blue.host, blue.port, "SOURCE"), (green.host, green.port, "TARGET")}


@pytest.mark.one_server
def test_without_a_deployment_there_is_no_table(resting):
    assert refusal(resting.writer_endpoint, "SELECT * FROM mysql.rds_topology") in (1142, 1146)


def test_a_switchover_goes_through_its_phases(resting, deployment, unhurried):
    blue = resting.writer_endpoint.connect(autocommit=True)
    green = deployment.green_endpoint.connect(autocommit=True)
    ask(blue, "INSERT INTO moved VALUES (1)")
    writer = resting.writer
    switchover = deployment.switch_over(unhurried)

    reached(switchover, "writes_refused")
    assert refusal(blue) == 1290
    assert refusal(green) == 1290
    assert deployment.status == "SWITCHOVER_IN_PROGRESS"
    assert ask(blue, "SELECT DISTINCT status FROM mysql.rds_topology") == ((deployment.status,),)

    reached(switchover, "fenced")
    assert refusal(blue, "SELECT 1") in (2006, 2013)
    assert ask(green, "SELECT @@innodb_read_only") == ((1,),)

    reached(switchover, "switched")
    ask(green, "INSERT INTO moved VALUES (2)")
    stale = resting.writer_endpoint.connect(autocommit=True)
    assert ask(stale, "SELECT @@aurora_server_id") == ((f"{writer}-old1",),)
    assert refusal(stale) == 1290
    assert deployment.status == "SWITCHOVER_IN_POST_PROCESSING"

    reached(switchover, "blue_dns")
    run(resting.writer_endpoint, "INSERT INTO moved VALUES (3)")
    assert server_id(resting.writer_endpoint) == writer
    assert server_id(deployment.old_endpoint) == f"{writer}-old1"

    resting.rest()
    assert deployment.status == "SWITCHOVER_COMPLETED"
    assert refusal(stale) == 1290  # a session that stays where it is keeps failing
    assert run(resting.reader_endpoint, "SELECT n FROM moved ORDER BY n") == ((1,), (2,), (3,))


@pytest.mark.one_server
def test_each_milestone_comes_at_its_moment(resting, deployment, profile):
    switchover = deployment.switch_over(profile)
    resting.rest()
    marks = [mark for mark in switchover.milestones() if mark.name in MILESTONES]

    assert [mark.name for mark in marks] == MILESTONES
    late = {mark.name: mark.at - mark.planned for mark in marks}
    assert all(0 <= delay < 2.0 for delay in late.values()), late
    planned = [round(mark.planned - switchover.triggered, 3) for mark in marks]
    assert planned == [0.0, 0.0, 0.05, 0.35, 0.65, 0.85, 0.85]


@pytest.mark.one_server
def test_the_run_s_switchover_is_played_unless_another_is_named(resting, profile, monkeypatch):
    monkeypatch.setattr(resting, "_blue_green", profile)
    with resting.blue_green() as deployment:
        assert deployment.switch_over().profile == "short"


@pytest.mark.one_server
def test_afterwards_the_cluster_is_a_cluster(resting, deployment, profile):
    deployment.switch_over(profile)
    resting.rest()
    rows = told(resting.writer_endpoint)
    target = resting.readers[0]
    resting.fail_over(target)
    resting.rest()

    ((_, endpoint, _, role, status),) = rows
    assert (role, status) == ("BLUE_GREEN_DEPLOYMENT_TARGET", "SWITCHOVER_COMPLETED")
    assert endpoint == resting.writer_endpoint.host
    assert server_id(resting.writer_endpoint) == target
    assert refusal(deployment.old_endpoint) == 1290
    run(resting.writer_endpoint, "INSERT INTO moved VALUES (1)")


def test_the_proxy_follows_to_green(resting, deployment, unhurried):
    proxied = resting.proxy_endpoint.connect(autocommit=True)
    reading = resting.proxy_reader_endpoint.connect(autocommit=True)
    ask(proxied, "INSERT INTO moved VALUES (1)")
    assert ask(reading, "SELECT n FROM moved") == ((1,),)
    switchover = deployment.switch_over(unhurried)
    reached(switchover, "writes_refused")
    assert refusal(proxied) == 1290
    assert ask(proxied, "SELECT n FROM moved") == ((1,),)

    reached(switchover, "switched")
    assert refusal(proxied, "SELECT 1") in (2006, 2013)
    assert refusal(reading, "SELECT 1") in (2006, 2013)
    run(resting.proxy_endpoint, "INSERT INTO moved VALUES (2)")  # long before DNS
    assert deployment.status == "SWITCHOVER_IN_POST_PROCESSING"
    resting.rest()


@pytest.mark.one_server
def test_the_sessions_of_green_are_dropped_where_the_switchover_says_so(deployment, tmp_path):
    dropping = tmp_path / "dropping.toml"
    dropping.write_text(SHORT + 'green_sessions = "drop"\n')
    green = deployment.green_endpoint.connect(autocommit=True)
    reached(deployment.switch_over(str(dropping)), "fenced")

    assert refusal(green, "SELECT 1") in (2006, 2013)


@pytest.mark.one_server
def test_a_transaction_that_is_open_at_the_switch_is_rolled_back(resting, deployment, profile):
    blue = resting.writer_endpoint.connect(autocommit=False)
    ask(blue, "INSERT INTO moved VALUES (7)")
    deployment.switch_over(profile)
    resting.rest()

    assert run(resting.writer_endpoint, "SELECT COUNT(*) FROM moved") == ((0,),)


def test_a_long_write_is_a_guardrail_and_the_next_switchover_may_do(resting, deployment, tmp_path):
    impatient = tmp_path / "impatient.toml"
    impatient.write_text(SHORT + "long_write = 0\n")
    blue = resting.writer_endpoint.connect(autocommit=False)
    ask(blue, "INSERT INTO moved VALUES (7)")
    refused = deployment.switch_over(str(impatient))
    until(refused.settled)

    assert [mark.name for mark in refused.milestones()] == ["trigger", "guardrail_failed"]
    assert deployment.status == "AVAILABLE"
    blue.commit()
    assert deployment.switch_over(str(impatient)).milestones()[0].name == "trigger"
    resting.rest()
    assert deployment.status == "SWITCHOVER_COMPLETED"
    assert run(resting.writer_endpoint, "SELECT n FROM moved") == ((7,),)


@pytest.mark.one_server
def test_what_takes_longer_than_its_time_out_is_rolled_back(resting, deployment, profile):
    blue = resting.writer_endpoint.connect(autocommit=True)
    proxied = resting.proxy_endpoint.connect(autocommit=True)
    with pytest.raises(SettingError, match="from 30 s"):
        deployment.switch_over(profile, timeout="10s")
    deployment._play(load_switchover(profile), 1, 0.3)  # green would take writes after 350 ms
    resting.rest()

    assert deployment.status == "AVAILABLE"
    with pytest.raises(pymysql.err.MySQLError):
        ask(blue, "SELECT 1")  # dropped all the same
    run(resting.writer_endpoint, "INSERT INTO moved VALUES (1)")
    ask(proxied, "INSERT INTO moved VALUES (2)")
    assert refusal(deployment.green_endpoint) in (1290, 1836)
    assert server_id(resting.writer_endpoint) == resting.writer
    assert {row[4] for row in told(resting.writer_endpoint)} == {"AVAILABLE"}
    deployment.switch_over(profile)
    resting.rest()
    assert deployment.status == "SWITCHOVER_COMPLETED"


@pytest.mark.one_server
def test_the_cluster_has_one_deployment_and_one_switchover(resting, deployment, profile):
    with pytest.raises(GatewayError, match="already"):
        resting.blue_green().__enter__()
    deployment.switch_over(profile)
    with pytest.raises(FailoverInProgressError):
        resting.fail_over(resting.readers[0])
    resting.rest()
    with pytest.raises(GatewayError, match="already"):
        deployment.switch_over(profile)


@pytest.mark.one_server
def test_with_names_dns_tells_of_the_switchover(resting, unhurried):
    with resting.aws_names("eu-west-1"), resting.blue_green() as deployment:
        blue, green = resting.writer_endpoint.host, deployment.green_endpoint.host
        old = deployment.old_endpoint.host
        assert f"rdsfailover{deployment.suffix}.cluster-" in green
        before = socket.gethostbyname(blue)
        with pytest.raises(socket.gaierror):
            socket.gethostbyname(old)
        switchover = deployment.switch_over(unhurried)
        reached(switchover, "switched")
        assert socket.gethostbyname(blue) == before
        reached(switchover, "blue_dns")
        assert socket.gethostbyname(blue) != before
        assert server_id(resting.writer_endpoint) == resting.writer
        assert server_id(resting.proxy_endpoint) == resting.writer
        assert socket.gethostbyname(old)
        resting.rest()
        with pytest.raises(socket.gaierror):
            socket.gethostbyname(green)
        assert server_id(resting.writer_endpoint) == resting.writer
    assert resting.writer_endpoint.host.startswith("127.")
