"""AWS-shaped names for other processes: by a name server, and by a hosts file."""

import json
import sys

import pytest
from commands import done, new_name, started
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
    with reserve_port() as port:
        pass
    arguments = ("--aws-names", "eu-west-1", "--dns-port", "0", "--hosts-file", str(hosts))
    with started("up", "--name", name, "--json", "--port", str(port), *arguments) as process:
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dns-port", "0"], "--aws-names"),
        (["--hosts-file", "hosts"], "--aws-names"),
        (["--aws-names", "nowhere"], "no AWS region"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys, arguments, said):
    assert main(["up", "--name", new_name(), *arguments]) == 2
    assert said in capsys.readouterr().err
