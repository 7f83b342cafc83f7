"""`rdsfailover trial`: an application in any language is put under load, failed over, and judged."""

import json
import re
import shutil
import signal
import sys

import pytest
from commands import PATIENCE, done, judged, new_name, script, started
from waiting import until

from pytest_rdsfailover.cli.main import main

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
SHORT = ("--writers", "4", "--rate", "100", "--warmup", "300ms", "--seed", "7",
         "--cooldown", "100ms", "--calm-not-issued", "90%")  # fmt: skip
TABLE = "CREATE TABLE IF NOT EXISTS orders (ref VARCHAR(64) PRIMARY KEY)"
EMPTIES = "CREATE FUNCTION emptied() RETURNS INT BEGIN DELETE FROM orders; RETURN 1; END"
STORED = ("--setup-sql", TABLE, "--stored-sql", "SELECT ref FROM orders")
CONNECT = f"""#!{sys.executable}
import os, sys, pymysql
assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_RDS"} & os.environ.keys()
def connect():
    return pymysql.connect(host=os.environ["DB_HOST"], port=int(os.environ["DB_PORT"]),
        user=os.environ["DB_USER"], password=os.environ["DB_PASSWORD"], database=os.environ["DB_NAME"],
        autocommit=True, connect_timeout=1, read_timeout=2)
"""
PROGRAM = (
    CONNECT
    + """
connection = None
for number, key in enumerate(map(str.strip, sys.stdin)):
    try:
        connection = connection or connect()
    except pymysql.err.OperationalError as error:
        print("refused", key, error.args[0], flush=True)
        continue
    try:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO orders VALUES (%s)", (key,))
        if "forgets" in sys.argv and number % 5 == 3:
            cursor.execute("DELETE FROM orders WHERE ref = %s", (key,))
        print("ok", key, flush=True)
    except pymysql.err.MySQLError as error:
        code, connection = error.args[0], None
        print("refused" if code in (1290, 1836) else "unknown", key, code, flush=True)
"""
)
LIAR = """#!/bin/sh
while read key; do echo "ok $key"; done
"""
SERVICE = (
    CONNECT
    + """
import http.server, threading, urllib.parse
local = threading.local()
class Orders(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        ref = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["ref"][0]
        try:
            local.connection = getattr(local, "connection", None) or connect()
            local.connection.cursor().execute("INSERT INTO orders VALUES (%s)", (ref,))
            status = 201
        except pymysql.err.MySQLError:
            local.connection, status = None, 503
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Orders)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
import subprocess
url = "POST http://127.0.0.1:%d/orders?ref={key}" % server.server_address[1]
sys.exit(subprocess.run([*sys.argv[1:], "--http", url]).returncode)
"""
)


@pytest.fixture(scope="module")
def name():
    """A cluster that stands for all trials of this module."""
    name = new_name()
    with started("up", "--name", name, "--json") as process:
        process.line()
        yield name


def test_our_own_insert_needs_nothing_but_the_command(name, tmp_path):
    document, page, journals = (tmp_path / each for each in ("result.json", "page", "journals"))

    def take():
        shutil.rmtree(journals, ignore_errors=True)
        return done(
            "trial", "--name", name, *SHORT, "--expect", "lost = 0", "--trials", "2",
            "--json", str(document), "--report", str(page), "--journal", str(journals),
        )  # fmt: skip

    ended = judged(take)

    assert (ended.returncode, ended.stderr) == (0, "")
    trials = json.loads(document.read_text())["trials"]
    assert [trial["lost"] for trial in trials] == [[], []]
    assert "promoted" in ended.stdout
    assert (page / "index.html").exists()
    again = done("judge", str(journals), "--expect", "lost == 0")
    assert again.returncode == 0


def test_a_standing_cluster_is_switched_over(name, tmp_path):
    document, switchover = tmp_path / "result.json", tmp_path / "short.toml"
    switchover.write_text(
        'prepare = "50ms"\ndrop = "100ms"\nswitch = "300ms"\nblue_dns = "600ms"\ngreen_dns = "700ms"\n'
    )
    arguments = ("trial", "--name", name, *SHORT, "--failover", str(switchover))
    bounds = ("--expect", "lost == 0", "--expect", "stale_writes == 0")
    ended = judged(lambda: done(*arguments, *bounds, "--json", str(document)))

    assert (ended.returncode, ended.stderr) == (0, "")
    (trial,) = json.loads(document.read_text())["trials"]
    assert trial["milestones"][-1]["name"] == "switchover_completed"
    assert "the old environment has" in ended.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--target", "instance-2"), "--failover with --target"),
        (("--aws-names", "eu-west-1"), "--failover with --aws-names"),
        (("--failover", "blue-gren"), "did you mean 'blue-green'"),
    ],
)
def test_a_switchover_that_cannot_be_played_is_refused_before_a_cluster_starts(more, said, capsys):
    assert main(["trial", "--failover", "blue-green", *more]) == 2
    assert said in capsys.readouterr().err


def test_a_program_writes_by_lines_on_a_cluster_of_the_trials_own(tmp_path):
    program = script(tmp_path / "program", PROGRAM)
    arguments = (*SHORT, *STORED, "--exec", program)
    elsewhere = {"AWS_PROFILE": "prod", "AWS_ENDPOINT_URL_RDS": "http://rds.example.com"}
    ended = judged(lambda: done("trial", *arguments, "--expect", "lost == 0", **elsewhere))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "acked, 0 lost" in ended.stdout


def test_a_broken_bound_is_1_and_names_the_keys(name, tmp_path):
    program = script(tmp_path / "program", PROGRAM)
    arguments = ("--name", name, *SHORT, *STORED, "--exec", f"{program} forgets")
    ended = judged(lambda: done("trial", *arguments, "--expect", "lost = 0"))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "FAIL: lost == 0: was " in ended.stdout


@pytest.mark.parametrize(("strict", "status"), [((), 0), (("--strict",), 1)])
def test_lost_writes_without_a_bound_on_them_are_0_with_a_word_or_1_if_strict(
    name, tmp_path, strict, status
):
    program = script(tmp_path / "program", PROGRAM)
    arguments = ("--name", name, *SHORT, *STORED, "--exec", f"{program} forgets")
    ended = judged(lambda: done("trial", *arguments, *strict, "--expect", "downtime < 60s"))
    assert ended.returncode == status, ended.stdout + ended.stderr
    assert f"status {status}" in ended.stdout.splitlines()[-1]
    assert "lost" in ended.stdout.splitlines()[-1]


def test_a_program_that_writes_nothing_proves_nothing(name, tmp_path):
    program = script(tmp_path / "liar", LIAR)
    ended = done("trial", "--name", name, *SHORT, "--exec", program, "--expect", "refused = 0")

    assert ended.returncode == 3
    assert "INVALID" in ended.stdout


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130), (None, 3)],
)
def test_no_program_outlives_it_that_does_not_read_nor_one_that_it_has_started(
    name, tmp_path, number, status
):
    deaf = "#!/bin/sh\ntrap '' TERM HUP INT\nsetsid sleep 1000 &\necho >&2 ready\nexec sleep 1000\n"
    program = script(tmp_path / "deaf", deaf)
    arguments = ("--writers", "1", "--rate", "5", "--warmup", "60s" if number else "300ms",
                 "--answer-within", "200ms", "--exec", program)  # fmt: skip
    with started("trial", "--name", name, *arguments) as process:
        assert process.popen.stderr.readline() == "ready\n"
        if number is not None:
            process.popen.send_signal(number)

        assert process.popen.wait(PATIENCE) == status
        until(lambda: process.left(within=0) == [])


def test_a_trial_of_a_program_that_contradicts_itself_proves_nothing(name, tmp_path):
    program = script(
        tmp_path / "both", '#!/bin/sh\nwhile read key; do echo "ok $key"; echo "ok $key"; done\n'
    )
    ended = done("trial", "--name", name, *SHORT, "--exec", program, "--expect", "refused = 0")

    assert ended.returncode == 3
    assert re.search(r"said 'ok (\S+)' and\s+later 'ok \1'", ended.stdout)


def test_a_service_writes_by_requests(tmp_path):
    service = script(tmp_path / "service", SERVICE)
    command = [sys.executable, "-m", "pytest_rdsfailover.cli.main"]
    trial = ["trial", *SHORT, *STORED, "--expect", "lost = 0", "--expect", "stuck_writers = 0"]
    ended = judged(lambda: done("run", "--", service, *command, *trial))

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "503 server" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--http", "http://127.0.0.1/orders"], "has no {key}"),
        (["--http", "FETCH http://127.0.0.1/{key}"], "METHOD URL"),
        (["--http", "http://127.0.0.1/{key}", "--exec", "true"], "two workloads"),
        (["--http", "http://127.0.0.1/{key}", "--header", "x"], "NAME: VALUE"),
        (["--http", "http://127.0.0.1/{key}", "--outcome", "5=x"], "refused or unknown"),
        (
            ["--http", "http://127.0.0.1/{key}", *(2 * ["--outcome", "503=refused"])],
            "503 is given twice",
        ),
        (
            ["--http", "http://127.0.0.1/{key}", *(2 * ["--header", "A: b"])],
            "--header: A is given twice",
        ),
        (["--exec", "no-such-program"], "no program"),
        (["--expect", "downtme < 1s"], "downtime"),
        (["--expect", "downtime < 1ms", "--rate", "100"], "finer"),
        (["--exec", "true", "--stored-sql", "SELECT ref FROM order_s"], "has to be there"),
        (["--exec", "true", "--stored-sql", "SELECT 1, 2"], "2 columns"),
        (["--exec", "true", "--stored-sql", "DELETE FROM orders"], "is not one query"),
        (
            [
                "--exec",
                "true",
                "--setup-sql",
                TABLE,
                "--setup-sql",
                EMPTIES,
                "--stored-sql",
                "SELECT emptied()",
            ],
            "READ ONLY transaction",
        ),
        (["--stored-sql", "SELECT 1"], "our own insert"),
        (["--exec", "true", "--expect", "lost = 0"], "--expect lost: give --stored-sql"),
        (["--instances", "3"], "stands already"),
        (["--endpoint", "wirter"], "did you mean 'writer'?"),
        (["--profile", "auorra"], "did you mean 'aurora'?"),
        (["--trials", "0"], "at least one"),
        (["--exec", "it's"], "No closing quotation"),
        (["--exec", " "], "--exec: which program?"),
        (["--setup-sql", "CREATE TABL x"], "--setup-sql: "),
        (["--body", "x"], "--body: only with --http"),
        (["--exec", "true", "--header", "a: b"], "--header: only with --http"),
        (["--outcome", "503=refused"], "--outcome: only with --http"),
        (["--answer-within", "2s"], "--answer-within: only with"),
        (["--report", f"{__file__}/x"], "--report: "),
        (["--journal", f"{__file__}/x"], "--journal: "),
        (["--json", f"{__file__}/x/y"], "--json: "),
        (["--json", "."], "--json: . cannot be written: it is a directory"),
        (["--json", "/proc/x.json"], "--json: /proc cannot be written"),
        (["--journal", "/proc"], "--journal: /proc cannot be written"),
        (["--rate", "fast"], "--rate"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_before_anything_is_written(
    name, capsys, arguments, said
):
    assert main(["trial", "--name", name, *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err


def test_a_service_needs_a_cluster_that_stands(capsys):
    assert main(["trial", "--http", "http://127.0.0.1/{key}"]) == 2
    assert "rdsfailover up" in capsys.readouterr().err


def test_a_name_that_no_cluster_has_starts_none(name, capsys):
    assert main(["trial", "--name", f"{name}x"]) == 2
    assert f"did you mean {name!r}?" in capsys.readouterr().err
