"""`rdsfailover run`: the command's environment, output and status; and what is left if it is killed."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from commands import done, script, started
from waiting import until

from pytest_rdsfailover.cli.main import main

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
PASSWORD = """it's 100% "$HOME" \\ `id` !#&?/@:é"""[:-1]
PROGRAM = """
import json, os, sys, urllib.parse, pymysql
url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
connection = pymysql.connect(host=url.hostname, port=url.port, user=url.username,
    password=urllib.parse.unquote(url.password), database=url.path[1:])
print(json.dumps(dict(os.environ)))
print("to the other", file=sys.stderr)
sys.exit(7)
"""


def test_a_command_gets_a_cluster_and_gives_its_output_and_status(tmp_path):
    ended = done(
        "run", "--endpoint", "reader", "--", sys.executable, "-c", PROGRAM,
        AWS_ENDPOINT_URL_RDS="http://sts.example.com", RDSFAILOVER_PASSWORD=PASSWORD,
        XDG_STATE_HOME=str(tmp_path),
    )  # fmt: skip
    environment = json.loads(ended.stdout)
    assert environment["DB_PASSWORD"] == PASSWORD

    assert (ended.returncode, ended.stderr) == (7, "to the other\n")
    assert environment["DB_HOST"] == environment["RDSFAILOVER_READER_HOST"]
    assert environment["RDSFAILOVER_WRITER_PORT"] == environment["RDSFAILOVER_INSTANCE_2_PORT"]
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert "AWS_ENDPOINT_URL_RDS" not in environment
    new = environment.keys() - os.environ.keys()
    assert not [name for name in new if name.startswith("RDS_")]
    assert not Path(environment["RDSFAILOVER_CA"]).exists()


def test_a_signal_goes_to_the_command_which_decides():
    shell = """
        for name in USR1 USR2 WINCH ALRM QUIT; do trap "echo $name" $name; done
        trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"""
    with started("run", "--", "/bin/sh", "-c", shell) as process:
        assert process.line() == "ready"
        for name in ("USR1", "USR2", "WINCH", "ALRM", "QUIT"):
            process.popen.send_signal(signal.Signals[f"SIG{name}"])
            assert process.line() == name
        process.popen.send_signal(signal.SIGTERM)

        assert process.popen.wait(20) == 9
        assert process.left() == []


def test_a_signal_that_ends_the_command_is_told_as_shells_do():
    with started("run", "--", "/bin/sh", "-c", "echo ready; exec sleep 1000") as process:
        assert process.line() == "ready"
        process.popen.send_signal(signal.SIGHUP)

        assert process.popen.wait(20) == 128 + signal.SIGHUP
        assert process.left() == []


def test_killing_it_ends_the_cluster_and_all_that_the_command_has_started():
    """Those, too, that have a session of their own, and those that do not listen."""
    shell = "setsid sleep 1000 & (trap '' TERM; sleep 1000 & wait) & echo ready; exec sleep 1000"
    with started("run", "--", "/bin/sh", "-c", shell) as process:
        assert process.line() == "ready"
        process.kill()

        until(lambda: process.left(within=0) == [])


def test_a_script_without_a_first_line_is_read_by_the_shell_and_what_it_leaves_running_stays(
    tmp_path,
):
    file = script(tmp_path / "script", 'sleep 1000 >/dev/null 2>&1 & echo "$!"')
    ended = done("run", "--", file)
    os.kill(int(ended.stdout), signal.SIGKILL)  # it is there


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--", "no-such-command"], 127, "there is no such command"),
        (["--", "npm test"], 127, "write `run -- npm test`, without quotes"),
        (["--", os.devnull], 126, "cannot be run"),
        ([], 125, "which command"),
        (["--profile", "auorra", "--", "true"], 125, "did you mean 'aurora'?"),
        (["--no-such-option", "--", "true"], 125, "no-such-option"),
        (["--endpoint", "wirter", "--", "true"], 125, "did you mean 'writer'?"),
        (["--server", "/no/such", "--", "true"], 125, "there is no program /no/such"),
        (["--proxy", "idle", "--", "true"], 125, "write NAME=VALUE"),
        (["--proxy", "idle=1", "--", "true"], 125, "a proxy has no setting 'idle'"),
        (["--proxy", "require_tsl=1", "--", "true"], 125, "did you mean 'require_tls'?"),
        (["--instnces", "3", "--", "true"], 125, "did you mean '--instances'?"),
        (["--password", "pä", "--", "true"], 125, "the password may have"),
        (["--password", "a", "--password-file", "b", "--", "true"], 125, "give one of them"),
        (["--password-file", "no/such", "--", "true"], 125, "no/such cannot be read: No such file"),
        (["--instances", "1", "--", "true"], 125, "2 to 16"),
        (["--proxy", "a=1", "--proxy", "a=2", "--", "true"], 125, "a is given twice"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_status_of_ours(capsys, arguments, status, said):
    assert main(["run", *arguments]) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
