"""A simulated Aurora cluster, seen from its endpoints."""

import itertools

import pymysql
import pytest
from programs import network_for
from waiting import until

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.failovers import FailoverInProgressError
from pytest_rdsfailover.local.network import Faults
from pytest_rdsfailover.local.profiles.profiles import parse_profile
from pytest_rdsfailover.model.errors import SettingError

pytestmark = pytest.mark.local

GONE = {2006, 2013}
QUICK = {"refused": "100ms", "promotion": "200ms", "dns": "400ms", "onset": "20ms"}


def ask(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()


def instance_at(endpoint):
    with endpoint.connect() as connection:
        return ask(connection, "SELECT @@aurora_server_id")[0]


def code(call):
    """Return the error number of what a call raises; None if it raises nothing."""
    try:
        call()
    except pymysql.err.MySQLError as error:
        return error.args[0]
    return None


def test_each_endpoint_has_an_address_of_its_own_and_all_share_one_port(resting):
    names = [resting.writer_endpoint, resting.reader_endpoint]
    names += [resting.instance_endpoint(instance) for instance in resting.instances]

    assert len({endpoint.host for endpoint in names}) == 5
    assert len({endpoint.port for endpoint in names}) == 1
    assert names[0].port < 32768


def test_endpoints_lead_where_aws_says(resting):
    assert instance_at(resting.writer_endpoint) == resting.writer
    assert {instance_at(resting.reader_endpoint) for _ in range(6)} == set(resting.readers)
    for instance in resting.instances:
        assert instance_at(resting.instance_endpoint(instance)) == instance


def test_a_reader_refuses_writes_and_the_writer_takes_them(resting):
    with resting.writer_endpoint.connect() as writer:
        ask(writer, "CREATE TABLE IF NOT EXISTS roles (id INT)")
        assert code(lambda: ask(writer, "INSERT INTO roles VALUES (1)")) is None
    with resting.reader_endpoint.connect() as reader:
        assert code(lambda: ask(reader, "INSERT INTO roles VALUES (2)")) == 1836
        assert ask(reader, "SELECT id FROM roles") == (1,)
    with resting.writer_endpoint.connect() as writer:
        ask(writer, "DROP TABLE roles")


def test_no_repr_shows_the_password(resting):
    endpoint = resting.writer_endpoint

    assert endpoint.password
    assert endpoint.password not in repr(endpoint)
    assert endpoint.password in endpoint.url()


def test_a_failover_moves_the_writer_and_its_milestones_come_in_order(resting):
    before = resting.writer
    failover = resting.fail_over()
    until(failover.settled)

    names = [milestone.name for milestone in failover.milestones()]
    assert resting.writer != before
    assert instance_at(resting.writer_endpoint) == resting.writer
    assert names[0] == "trigger"
    assert names.index("writer_cut") < names.index("fenced") < names.index("promoted")
    assert names.index("promoted") < names.index("dns_flip")
    assert resting.writer_endpoint.host == "127.0.0.2" or len(resting.instances) != 3


def test_the_application_meets_all_four_phases(resting):
    """Cut, then refused, then a reader behind stale DNS, then the new writer."""
    endpoint, seen = resting.writer_endpoint, []
    old = resting.writer
    pooled = endpoint.connect()
    failover = resting.fail_over()

    def write():
        with endpoint.connect() as connection:
            ask(connection, "CREATE TABLE IF NOT EXISTS phases (id INT)")

    until(lambda: code(lambda: ask(pooled, "SELECT 1")) in GONE)
    while not failover.settled():
        seen.append(code(write))
    seen.append(code(write))
    phases = [each for n, each in enumerate(seen) if n == 0 or each != seen[n - 1]]

    # At the edge of a phase a connection may be made and cut again.
    assert [each for each in phases if each not in GONE][-3:] == [2003, 1836, None]
    assert instance_at(resting.instance_endpoint(old)) == old
    with endpoint.connect() as connection:
        ask(connection, "DROP TABLE phases")


def test_a_pooled_connection_to_the_demoted_writer_stays_there(resting):
    old = resting.writer
    failover = resting.fail_over()
    until(lambda: any(m.name == "old_writer_back" for m in failover.milestones()))
    pooled = resting.writer_endpoint.connect()
    until(failover.settled)

    assert ask(pooled, "SELECT @@aurora_server_id") == (old,)
    assert code(lambda: ask(pooled, "CREATE TABLE never (id INT)")) == 1836
    assert instance_at(resting.writer_endpoint) == resting.writer != old


def test_the_third_instance_goes_through_a_failover_undisturbed(resting):
    bystander = resting.readers[1]
    connection = resting.instance_endpoint(bystander).connect()
    failover = resting.fail_over(target=resting.readers[0])
    until(failover.settled)

    assert ask(connection, "SELECT @@aurora_server_id") == (bystander,)


def test_failovers_go_back_and_forth_without_limit(resting):
    writers = []
    for _ in range(4):  # fifty of the gateway's are in test_gateway_failover.py
        until(resting.fail_over(target=resting.readers[-1]).settled)
        writers.append(resting.writer)

    assert all(one != other for one, other in itertools.pairwise(writers))
    assert instance_at(resting.writer_endpoint) == writers[-1]


def test_the_same_seed_plans_the_same_failover(resting):
    def plan(seed):
        failover = resting.fail_over(seed=seed)
        until(failover.settled)
        return sorted(
            (each.name, round(each.planned - failover.triggered, 6))
            for each in failover.milestones()
            if each.planned is not None
        )

    assert plan(3) == plan(3) != plan(4)


def test_what_cannot_fail_over_is_refused(resting):
    with pytest.raises(SettingError, match="no instance 'instance-9'"):
        resting.fail_over(target="instance-9")
    with pytest.raises(SettingError, match="is the writer already"):
        resting.fail_over(target=resting.writer)
    with pytest.raises(SettingError, match="no failover profile"):
        resting.fail_over(profile="nonsense")
    resting.fail_over()
    with pytest.raises(FailoverInProgressError):
        resting.fail_over()


def test_a_profile_that_closes_needs_a_cluster_that_closes(resting, tmp_path):
    path = tmp_path / "closing.toml"
    path.write_text('refused = "1s"\npromotion = "1s"\ndns = "2s"\ncut = "close"')

    with pytest.raises(SettingError, match="for the whole run"):
        resting.fail_over(profile=str(path))


@pytest.mark.usefixtures("direct")
@pytest.mark.one_server
@pytest.mark.parametrize(("cut", "error"), [("reset", 2006), ("close", 2013)])
def test_an_idle_connection_ends_as_the_profile_says(server_program, cut, error):
    """PyMySQL tells a reset connection (2006) from a closed one (2013)."""
    profile = parse_profile("ours", QUICK | {"cut": cut})
    with LocalCluster(server_program, network_for(server_program), profile) as cluster:
        pooled = cluster.writer_endpoint.connect()
        ask(pooled, "SELECT 1")
        until(cluster.fail_over().settled)

        assert code(lambda: ask(pooled, "SELECT 1")) == error


@pytest.mark.usefixtures("direct")
@pytest.mark.one_server
def test_sixteen_instances_are_ready_and_fail_over(server_program):
    profile = parse_profile("ours", QUICK)
    with LocalCluster(
        server_program, network_for(server_program), profile, instances=16
    ) as cluster:
        until(cluster.fail_over(target="instance-16").settled)

        assert instance_at(cluster.writer_endpoint) == "instance-16"
        open_at_once = [cluster.reader_endpoint.connect() for _ in cluster.readers]
        reached = [ask(connection, "SELECT @@aurora_server_id")[0] for connection in open_at_once]
        assert sorted(reached) == sorted(cluster.readers)


@pytest.mark.one_server
def test_a_wanted_port_is_used_and_a_taken_one_is_refused(server_program):
    from pytest_rdsfailover.local.processes.ports import reserve_port

    profile, network = parse_profile("ours", QUICK), network_for(server_program)
    with reserve_port(["127.0.0.2", "127.0.0.11"]) as number:
        pass
    with LocalCluster(server_program, network, profile, port=number) as cluster:
        assert cluster.writer_endpoint.port == number
        with pytest.raises(SettingError, match=f"port {number} is taken"):
            LocalCluster(server_program, network, profile, port=number)


def test_an_endpoint_that_a_test_left_down_is_mended(cluster):
    faults = Faults(cluster.network)
    left = faults.down(cluster.writer_endpoint)  # a failed test's traceback keeps its block open
    left.__enter__()
    assert code(lambda: instance_at(cluster.writer_endpoint)) == 2003

    faults.mend()

    assert instance_at(cluster.writer_endpoint) == cluster.writer
