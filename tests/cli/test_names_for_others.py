"""AWS-shaped names for other processes: by a name server, and by a hosts file."""

import json
import socket
import sys

import pytest
from commands import done, judged, new_name, started
from waiting import until

from pytest_rdsfailover.cli.main import main
from pytest_rdsfailover.local.processes.ports import reserve_port

query = pytest.importorskip("dns.query", reason="needs the extra dns")
import dns.message  # noqa: E402

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


def test_names_lead_to_the_writer_and_follow_it(tmp_path):
    name, hosts = new_name(), tmp_path / "hosts"
    arguments = ("--aws-names", "eu-west-1", "--dns-port", "0", "--hosts-file", str(hosts))
    with started("up", "--name", name, "--json", "--port", free_port(), *arguments) as process:
        environment = json.loads(process.line())["environment"]
        host = environment["DB_HOST"]
        server = environment["RDSFAILOVER_DNS"].rpartition(":")[2]

        def led():
            answer = query.udp(dns.message.make_query(host, "A"), "127.0.0.1", 10, int(server))
            return answer.answer[-1][0].to_text()

        def listed():
            lines = (line.split() for line in hosts.read_text().splitlines()[1:])
            return next(address for address, called in lines if called == host)

        assert host.startswith("rdsfailover.cluster-")
        assert host.endswith(".eu-west-1.rds.amazonaws.com")
        assert led() == listed() == "127.0.0.11"
        assert done("failover", "--name", name).returncode == 0
        assert led() == "127.0.0.12"
        until(lambda: listed() == "127.0.0.12")
        process.popen.terminate()
        assert process.popen.wait(20) == 0
    assert not hosts.exists()


NAMES = ("--aws-names", "eu-west-1", "--dns-port", "0", "--hosts-file", "hosts")
RESOLVING = """
import os, socket, subprocess, sys
import dns.message, dns.query
host, (server, _, port) = os.environ["DB_HOST"], os.environ["RDSFAILOVER_DNS"].partition(":")

def led():
    return dns.query.udp(dns.message.make_query(host, "A"), server, 10, int(port)).answer[-1][0].to_text()

def listed():
    lines = (line.split() for line in open("hosts").read().splitlines()[1:])
    return next(address for address, name in lines if name == host)
"""
LOOKING = (
    RESOLVING
    + """
before = led()
assert listed() == before
subprocess.run([sys.executable, "-m", "pytest_rdsfailover.cli.main", "failover"], stdout=2, check=True)
after = led()
while listed() != after:
    pass
print(before, after)
"""
)
WRITING = (
    RESOLVING
    + """
import pymysql
account = {name: os.environ[f"DB_{name.upper()}"] for name in ("user", "password")}
database, connection = os.environ["DB_NAME"], None
for key in map(str.strip, sys.stdin):
    try:
        connection = connection or pymysql.connect(
            host=led(), port=int(os.environ["DB_PORT"]), database=database, autocommit=True, **account
        )
        connection.cursor().execute("INSERT INTO orders VALUES (%s)", key)
        print("ok", key, flush=True)
    except pymysql.Error as error:
        connection = None
        print("unknown", key, error.args[0], flush=True)
"""
)


def free_port():
    """Return a port that a cluster may have; that of AWS's names may be another's."""
    with reserve_port() as port:
        return str(port)


def test_a_command_with_a_cluster_of_its_own_has_them_as_well(tmp_path):
    arguments = (*NAMES, "--port", free_port(), "--", sys.executable, "-c", LOOKING)
    ended = done("run", *arguments, cwd=tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "127.0.0.11 127.0.0.12\n"
    assert list(tmp_path.iterdir()) == []


def test_and_so_has_the_program_of_a_trial(tmp_path):
    program = tmp_path / "orders.py"
    program.write_text(WRITING)
    ended = judged(
        lambda: done(
            "trial", *NAMES, "--port", free_port(),
            "--exec", f"{sys.executable} {program}", "--writers", "2", "--rate", "50",
            "--warmup", "2s", "--profile", "quick", "--expect", "lost = 0", "--expect", "outages >= 1",
            "--setup-sql", "CREATE TABLE orders (ref VARCHAR(64) PRIMARY KEY)",
            "--stored-sql", "SELECT ref FROM orders", cwd=tmp_path,
        )
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert list(tmp_path.iterdir()) == [program]


def test_a_port_that_another_name_server_has_is_refused_before_anything_starts(capsys, monkeypatch):
    monkeypatch.setattr("pytest_rdsfailover.local.standing.host.LocalBackend", None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        number = free_port()
        taken.bind(("127.0.0.1", int(number)))
        arguments = ("--name", new_name(), "--aws-names", "eu-west-1", "--dns-port", number)

        assert main(["run", *arguments, "--", "true"]) == 125
    assert f"the UDP port {number} is taken" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["up"], ["run", "--", "true"], ["trial"]], ids=lambda c: c[0])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dns-port", "0"], "--aws-names"),
        (["--hosts-file", "hosts"], "--aws-names"),
        (["--aws-names", "nowhere"], "no AWS region"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys, command, arguments, said):
    first, *rest = command
    name = [] if first == "trial" else ["--name", new_name()]
    assert main([first, *name, *arguments, *rest]) in (2, 125)
    assert said in capsys.readouterr().err
