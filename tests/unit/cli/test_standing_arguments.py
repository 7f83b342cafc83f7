"""What the commands that start clusters take, what they mean without a word, and their statuses."""

import pytest

from pytest_rdsfailover.cli.main import _parser

CLUSTER = {
    "profile": None, "blue_green": None, "seed": None, "server": None, "toxiproxy": None, "instances": None,
    "port": None, "aws_names": None, "aurora": None, "user": None, "password": None, "password_file": None,
    "database": None, "proxy": [], "dns_port": None, "hosts_file": None,
}  # fmt: skip
LOAD = {
    "writers": None, "rate": None, "warmup": None, "cooldown": None, "bound": None,
    "calm_errors": None, "calm_not_issued": None, "spacing": None,
}  # fmt: skip
TRIAL = {
    "http": None, "header": [], "body": None, "outcome": [], "exec": None, "answer_within": None,
    "stored_sql": None, "setup_sql": [], "functions": None, "function": None, "functions_bucket": None, "target": None, "failover": None,
    "expect": [], "strict": False, "trials": 1, "json": None, "report": None, "journal": None,
}  # fmt: skip
UP = {"detach": False, "with_parent": False, "idle": None, "json": False, "env_file": None,
      "env_format": "shell"}  # fmt: skip
NAMED, LED = {"name": "default"}, {"endpoint": "writer"}
FAILOVER = {"target": None, "profile": None, "seed": None, "no_wait": False, "json": False}
COMMANDS = {
    "up": (CLUSTER | NAMED | LED | UP, [], 1),
    "run": (CLUSTER | {"name": None} | LED, ["true"], 125),
    "trial": (CLUSTER | NAMED | LED | LOAD | TRIAL, [], 3),
    "env": (NAMED | LED | {"format": "shell"}, [], 1),
    "failover": (NAMED | FAILOVER, [], 1),
    "toxic": (NAMED | {"toxic": []}, ["writer"], 1),
    "status": (NAMED | {"json": False}, [], 1),
    "events": (NAMED | {"json": False, "follow": False}, [], 1),
    "pins": (NAMED | {"json": False}, [], 1),
    "down": (NAMED | {"all": False}, [], 1),
}
PLACED = {"run": {"command": ["true"]}, "toxic": {"endpoint": "writer"}}


@pytest.fixture
def typed(monkeypatch):
    """Return what the words of a command are read as."""
    monkeypatch.delenv("RDSFAILOVER_NAME", raising=False)
    return lambda *words: vars(_parser().parse_args(words))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_without_options_means_what_its_help_says(typed, command):
    expected, words, failed = COMMANDS[command]
    found = typed(command, *words)

    assert found.pop("failed") == failed
    assert found.pop("wrong") == (125 if command == "run" else 2)
    assert callable(found.pop("run"))
    assert "--help" in found.pop("known")
    assert found == expected | PLACED.get(command, {})


@pytest.mark.parametrize(
    ("command", "switch"),
    [
        ("up", "detach"), ("up", "with-parent"), ("up", "json"), ("trial", "strict"),
        ("failover", "no-wait"), ("failover", "json"), ("status", "json"), ("events", "json"),
        ("events", "follow"), ("pins", "json"), ("down", "all"),
    ],
)  # fmt: skip
def test_a_switch_is_on_if_it_is_there(typed, command, switch):
    assert typed(command, f"--{switch}")[switch.replace("-", "_")] is True


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (("up", "--idle", "30m"), "idle", 1800.0),
        (("up", "--dns-port", "0"), "dns_port", 0),
        (("up", "--proxy", "a=1", "--proxy", "b=2"), "proxy", ["a=1", "b=2"]),
        (("up", "--env-format", "docker"), "env_format", "docker"),
        (("env", "--format", "dotenv"), "format", "dotenv"),
        (("trial", "--answer-within", "250ms"), "answer_within", 0.25),
        (("trial", "--functions", "3"), "functions", 3),
        (("trial", "--trials", "5"), "trials", 5),
        (("trial", "--header", "A: b", "--header", "C: d"), "header", ["A: b", "C: d"]),
        (("trial", "--outcome", "409=acked"), "outcome", ["409=acked"]),
        (("trial", "--setup-sql", "X"), "setup_sql", ["X"]),
        (("trial", "--expect", "lost == 0"), "expect", ["lost == 0"]),
        (("failover", "--seed", "9"), "seed", 9),
        (("run", "--", "a", "--b"), "command", ["--", "a", "--b"]),
        (("toxic", "proxy", "latency=1", "jitter=2"), "toxic", ["latency=1", "jitter=2"]),
    ],
)
def test_what_is_typed_is_read(typed, words, name, value):
    assert typed(*words)[name] == value


def test_the_variable_says_which_cluster_is_meant(typed, monkeypatch):
    monkeypatch.setenv("RDSFAILOVER_NAME", "mine")

    assert typed("status")["name"] == "mine"
    assert typed("status", "--name", "other")["name"] == "other"
    assert typed("up")["name"] == "default"


@pytest.mark.parametrize(
    "words", [("up", "--idle", "soon"), ("env", "--format", "xml"), ("up", "--dns-port", "x")]
)
def test_what_cannot_be_read_is_refused_with_status_2(typed, words):
    with pytest.raises(SystemExit) as told:
        typed(*words)

    assert told.value.code == 2
