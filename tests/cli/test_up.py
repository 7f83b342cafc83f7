"""`rdsfailover up`: what a standing cluster tells of itself, and that nothing of it is left."""

import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pymysql
import pytest
from commands import done, new_name, started, state_files
from waiting import until

from pytest_rdsfailover.cli.main import main
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.standing.registry import Registry

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


def connected(environment, **changes):
    """Connect as a program does that knows the variables only."""
    return pymysql.connect(
        host=environment["DB_HOST"],
        port=int(environment["DB_PORT"]),
        user=environment["DB_USER"],
        password=environment["DB_PASSWORD"],
        database=environment["DB_NAME"],
        **changes,
    )


def test_a_cluster_in_the_foreground_is_told_as_one_line_and_ends_by_a_signal(tmp_path):
    name, file = new_name(), tmp_path / "cluster.env"
    with reserve_port() as port:
        pass
    arguments = (
        "up", "--name", name, "--json", "--port", str(port), "--password", "c0mmitted",
        "--env-file", str(file), "--env-format", "docker", "--instances", "3",
    )  # fmt: skip
    with started(*arguments) as process:
        told = json.loads(process.line())
        environment = told["environment"]
        lines = file.read_text().splitlines()
        of_file = dict(line.split("=", 1) for line in lines if not line.startswith("#"))

        assert of_file == environment
        assert told["endpoints"]["instance-3"]["port"] == port
        assert (told["user"], told["password"], told["database"]) == ("app", "c0mmitted", "app")
        with connected(environment, ssl_ca=told["ca"], ssl_verify_identity=True) as connection:
            connection.cursor().execute("CREATE TABLE t (a INT PRIMARY KEY)")
        written = Registry().directory / f"{name}.json"
        assert {stat.S_IMODE(path.stat().st_mode) for path in (written, file)} == {0o600}

        again = done("up", "--name", name)
        assert (again.returncode, again.stdout) == (2, "")
        assert "stands already" in again.stderr
        for more in ((), ("--detach",)):
            taken = done("up", "--name", new_name(), "--port", str(port), *more)
            assert (taken.returncode, taken.stdout) == (2, "")
            assert "choose another with --port" in taken.stderr

        process.popen.send_signal(signal.SIGINT)
        assert process.popen.wait(20) == 0
        assert process.left() == []
    assert (state_files(name), file.exists()) == ([], False)


def test_a_detached_cluster_stands_until_down(tmp_path):
    name = new_name()
    with started("up", "--detach", "--name", name, cwd=tmp_path) as process:
        shown = process.popen.stdout.read()
        assert process.popen.wait(20) == 0
        assert "writer " in shown
        variables = done("env", "--name", name, "--format", "docker", "--endpoint", "proxy").stdout
        environment = dict(line.split("=", 1) for line in variables.splitlines())
        with connected(environment, ssl_ca=environment["RDSFAILOVER_CA"]) as connection:
            assert connection.open

        ended = done("down", "--name", name)
        assert (ended.returncode, ended.stdout) == (0, f"{name} has ended\n")
        assert process.left() == []
    assert state_files(name) == []
    gone = done("down", "--name", name)
    assert gone.returncode == 2
    assert "no cluster" in gone.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
def test_a_detached_cluster_of_which_nobody_can_be_told_is_ended():
    name = new_name()
    shell = f"{sys.executable} -m pytest_rdsfailover.cli.main up --detach --name {name} >/dev/full"
    ended = subprocess.run(
        ["/bin/sh", "-c", shell], stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )

    assert ended.returncode == 1
    assert "the output cannot be written" in ended.stderr
    assert state_files(name) == []


def test_who_follows_events_ends_well_with_the_cluster(capsys):
    name = new_name()
    with started("up", "--name", name, "--json") as process:
        process.line()
        assert main(["events", "--name", name]) == 0
        assert capsys.readouterr().out == "no failover so far\n"
        with started("events", "--name", name, "--follow") as follower:
            done("failover", "--name", name, "--no-wait")
            follower.line()
            assert done("down", "--name", name).returncode == 0
            _, said = follower.popen.communicate(timeout=60)
            assert (follower.popen.returncode, said) == (0, "")


def test_one_stands_though_whoever_starts_it_has_closed_all_streams():
    name = new_name()
    command = [
        sys.executable,
        "-m",
        "pytest_rdsfailover.cli.main",
        "up",
        "--detach",
        "--name",
        name,
    ]
    subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command], check=True, timeout=60
    )

    assert done("status", "--name", name).returncode == 0
    assert done("down", "--name", name).returncode == 0


def test_killing_the_process_of_a_cluster_leaves_nothing_and_its_name_is_free(tmp_path):
    name, file = new_name(), tmp_path / "cluster.env"
    with started("up", "--name", name, "--json", "--env-file", str(file)) as process:
        process.line()
        process.kill()
        assert process.left() == []

    said = done("status", "--name", new_name())
    assert said.returncode == 2
    assert f"cluster {name!r} is gone: its process was killed" in said.stderr
    assert f"{file} is removed" in said.stderr
    assert (state_files(name), file.exists()) == ([], False)


def test_a_cluster_that_nobody_asks_anything_ends_by_itself():
    with started("up", "--name", new_name(), "--json", "--idle", "300ms") as process:
        process.line()
        assert process.popen.wait(20) == 0
        assert "nothing was asked of it for 300 ms" in process.popen.stderr.read()
        assert process.left() == []


def test_a_statement_under_way_keeps_a_cluster_that_nobody_asks_anything_else():
    with started("up", "--name", new_name(), "--json", "--idle", "1s") as process:
        environment = json.loads(process.line())["environment"]
        proxy = {key: environment[f"RDSFAILOVER_PROXY_{key[3:]}"] for key in ("DB_HOST", "DB_PORT")}
        with connected(environment) as direct, connected(environment | proxy) as pooled:
            for cursor in (direct.cursor(), pooled.cursor()):
                cursor.execute("SELECT SLEEP(2)")
                assert cursor.fetchone() == (0,)
        assert process.popen.wait(20) == 0


def test_a_cluster_ends_with_the_shell_that_has_started_it():
    name = new_name()
    shell = f"{sys.executable} -m pytest_rdsfailover.cli.main up --with-parent --json --name {name} & read x"
    with subprocess.Popen(
        ["/bin/sh", "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        told = json.loads(parent.stdout.readline())
        parent.stdin.write("\n")
        parent.stdin.close()
        assert parent.wait(20) == 0
        until(lambda: state_files(name) == [])
        until(lambda: not Path(told["ca"]).exists())
