"""The arguments of the commands that start clusters and act on them; what these do comes later."""

import argparse
import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.options import OPTIONS

# In an environment: which cluster is meant. What `run` starts has it, so that a command in there acts
# on the right one.
NAME = "RDSFAILOVER_NAME"
DEFAULT = "default"
PASSWORD = "RDSFAILOVER_PASSWORD"  # noqa: S105 - the variable's name
CLUSTER = (
    "profile", "blue_green", "seed", "server", "toxiproxy", "aurora", "instances", "port", "aws_names",
)  # fmt: skip
LOAD = (
    "writers",
    "rate",
    "warmup",
    "cooldown",
    "bound",
    "calm_errors",
    "calm_not_issued",
    "spacing",
)
USER, DATABASE = "app", "app"
SYNTAXES = ("shell", "docker", "dotenv")
FAILED, WRONG = 1, 2
NOTHING_PROVEN = 3  # of `trial`
OURS = 125  # of `run`, whose other statuses are the command's
Commands = Any  # argparse does not name what add_subparsers returns


def add(commands: Commands, environ: Mapping[str, str] = os.environ) -> None:
    """Add all commands that start clusters or act on them."""
    _add_up(commands)
    _add_run(commands)
    _add_trial(commands, environ)
    _add_env(commands, environ)
    _add_failover(commands, environ)
    _add_toxic(commands, environ)
    _add_looks(commands, environ)
    _add_down(commands, environ)


def late(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """Return what imports a function of this room when it is called: most commands need no cluster."""

    def call(options: argparse.Namespace) -> int:
        found = getattr(importlib.import_module(f"pytest_rdsfailover.cli.{module}"), function)
        status: int = found(options)
        return status

    return call


def add_options(parser: argparse.ArgumentParser, names: tuple[str, ...]) -> None:
    """Add options of the table that the plugin has, too, without their prefix."""
    for option in OPTIONS:
        if option.name in names:
            parser.add_argument(
                f"--{option.name.replace('_', '-')}", metavar=option.metavar, help=option.help
            )


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Add all that decides what a cluster is."""
    add_options(parser, CLUSTER)
    parser.add_argument("--user", metavar="NAME", help=f"database user of the clients ({USER})")
    parser.add_argument(
        "--password", metavar="TEXT", help=f"its password (${PASSWORD}, or random); `ps` shows it"
    )
    parser.add_argument(
        "--password-file", metavar="PATH", help="where its password is the first line"
    )
    parser.add_argument("--database", metavar="NAME", help=f"its schema ({DATABASE})")
    parser.add_argument(
        "--proxy", action="append", default=[], metavar="NAME=VALUE",
        help="a setting of RDS Proxy, as in max_connections_percent=5; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--dns-port", type=int, metavar="N",
        help="let a name server answer for the names of --aws-names there; 0 for any free port",
    )  # fmt: skip
    parser.add_argument(
        "--hosts-file", metavar="PATH", help="write where these names lead, anew at each change"
    )


def argument(parse: Callable[[str], object]) -> Callable[[str], object]:
    """Return what reads an argument for argparse, which shows only errors of its own kind."""

    def read(text: str) -> object:
        try:
            return parse(text)
        except SettingError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


duration = argument(parse_duration)


def _add_up(commands: Commands) -> None:
    parser = commands.add_parser(
        "up", help="start a cluster for programs of any language; Ctrl-C ends it"
    )
    add_cluster(parser)
    parser.add_argument(
        "--name", default=DEFAULT, help=f"what to call it, if there are several ({DEFAULT})"
    )
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that has started this ends"
    )
    parser.add_argument(
        "--idle", type=duration, metavar="TIME",
        help="end after so long without a connection, a statement and a failover",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="say everything as lines of JSON")
    parser.add_argument(
        "--env-file", metavar="PATH", help="write variables that lead programs to it"
    )
    _add_variables(parser, "--env-format")
    parser.set_defaults(run=late("up", "up"), failed=FAILED)


def _add_run(commands: Commands) -> None:
    parser = commands.add_parser(
        "run",
        help="run a command with a cluster of its own",
        usage="rdsfailover run [options] -- COMMAND [ARGUMENT ...]",
        epilog="exit status: the command's; 125 if there is no cluster, 126 if the command cannot be"
        " run, 127 if there is none",
    )
    parser.wrong = OURS
    add_cluster(parser)
    parser.add_argument("--name", help="what to call it (run-PID)")
    _add_endpoint(parser)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run")
    parser.set_defaults(run=late("run", "run"), failed=OURS, wrong=OURS)


def _add_trial(commands: Commands, environ: Mapping[str, str]) -> None:
    parser = commands.add_parser(
        "trial",
        help="put a load on a cluster, fail it over, and judge what the application did",
        epilog="exit status: 0 if every bound is met, 1 if one is broken, 2 for a wrong argument, 3 if"
        " a trial is invalid or cannot tell",
    )
    add_name(parser, environ)
    add_cluster(parser)
    add_options(parser, LOAD)
    _add_endpoint(parser)
    parser.add_argument(
        "--http", metavar="'METHOD URL'",
        help="write by requests to your service, by POST if no method stands before the URL; {key} in URL,"
        " header or body is the key to store",
    )  # fmt: skip
    parser.add_argument(
        "--header", action="append", default=[], metavar="'NAME: VALUE'", help="of each request"
    )
    parser.add_argument("--body", metavar="TEXT", help="of each request")
    parser.add_argument(
        "--outcome", action="append", default=[], metavar="STATUS=MEANING",
        help="what a status means: acked, refused or unknown (2xx, 3xx and 4xx, 5xx)",
    )  # fmt: skip
    parser.add_argument(
        "--exec", metavar="COMMAND",
        help="write by a program that reads keys and answers `ok KEY`, `refused KEY CODE`, `unknown KEY`",
    )  # fmt: skip
    parser.add_argument(
        "--answer-within", type=duration, metavar="TIME", help="longest wait for an answer"
    )
    parser.add_argument(
        "--stored-sql", metavar="SELECT", help="returns the keys that are stored, for the audit"
    )
    parser.add_argument(
        "--setup-sql", action="append", default=[], metavar="SQL", help="run before; repeatable"
    )
    parser.add_argument(
        "--functions", type=int, metavar="N",
        help="write from N functions of the cluster's Lambda at once, with --writers each",
    )  # fmt: skip
    parser.add_argument(
        "--function", metavar="NAME", help="its load function (one is made for these trials)"
    )
    parser.add_argument(
        "--functions-bucket", metavar="BUCKET",
        help="a bucket of the cluster's S3 for results above the 6 MB of an answer",
    )  # fmt: skip
    parser.add_argument("--target", metavar="ID", help="instance to promote (the first reader)")
    parser.add_argument(
        "--failover", metavar="NAME",
        help="a blue/green switchover to play instead: blue-green, blue-green-fast or a .toml file",
    )  # fmt: skip
    parser.add_argument(
        "--expect", action="append", default=[], metavar="BOUND",
        help='what every trial must hold to, as "downtime < 2s" or "lost == 0"; repeatable',
    )  # fmt: skip
    parser.add_argument(
        "--strict", action="store_true", help="status 1 if one is broken in what no bound is about"
    )
    parser.add_argument("--trials", type=int, default=1, metavar="N", help="how many (1)")
    parser.add_argument("--json", metavar="PATH", help="write the result document")
    parser.add_argument("--report", metavar="DIR", help="write an HTML page to DIR/index.html")
    parser.add_argument("--journal", metavar="DIR", help="keep each trial's journal in DIR")
    parser.set_defaults(run=late("trial", "trial"), failed=NOTHING_PROVEN)


def _add_env(commands: Commands, environ: Mapping[str, str]) -> None:
    parser = commands.add_parser(
        "env", help='print variables that lead programs to a cluster: eval "$(rdsfailover env)"'
    )
    add_name(parser, environ)
    _add_variables(parser, "--format")
    parser.set_defaults(run=late("acting", "env"), failed=FAILED)


def _add_failover(commands: Commands, environ: Mapping[str, str]) -> None:
    parser = commands.add_parser("failover", help="fail a cluster over; say what happens")
    add_name(parser, environ)
    parser.add_argument("--target", metavar="ID", help="instance to promote (the first reader)")
    parser.add_argument("--profile", metavar="NAME", help="failover profile (that of the cluster)")
    parser.add_argument("--seed", type=int, metavar="N", help="decides every sampled duration")
    parser.add_argument("--no-wait", action="store_true", help="return once it is triggered")
    _add_json(parser)
    parser.set_defaults(run=late("acting", "failover"), failed=FAILED)


def _add_toxic(commands: Commands, environ: Mapping[str, str]) -> None:
    parser = commands.add_parser(
        "toxic",
        help="make the network of an endpoint bad, as in `toxic writer latency=200`",
        usage="rdsfailover toxic ENDPOINT [TYPE=VALUE ATTRIBUTE=VALUE ... | [TYPE] off | down | up]",
    )
    add_name(parser, environ)
    parser.add_argument("endpoint", help="writer, reader, proxy, proxy-reader or an instance")
    parser.add_argument(
        "toxic", nargs="*",
        help="a toxic of Toxiproxy and its attributes; `off` removes one, or all; `down` refuses"
        " connections until `up`",
    )  # fmt: skip
    parser.set_defaults(run=late("acting", "toxic"), failed=FAILED)


def _add_looks(commands: Commands, environ: Mapping[str, str]) -> None:
    status = commands.add_parser("status", help="say how a cluster is")
    events = commands.add_parser("events", help="say what has happened in a cluster")
    pins = commands.add_parser("pins", help="say which sessions RDS Proxy has pinned, and why")
    events.add_argument("--follow", action="store_true", help="go on until the cluster ends")
    for parser, call in (
        (status, late("looking", "status")),
        (events, late("acting", "events")),
        (pins, late("looking", "pins")),
    ):
        add_name(parser, environ)
        _add_json(parser)
        parser.set_defaults(run=call, failed=FAILED)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _add_down(commands: Commands, environ: Mapping[str, str]) -> None:
    parser = commands.add_parser("down", help="end a cluster that `up` has started")
    add_name(parser, environ)
    parser.add_argument("--all", action="store_true", help="end all clusters of this user")
    parser.set_defaults(run=late("acting", "down"), failed=FAILED)


def add_name(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Add the argument that says which cluster is meant."""
    chosen = environ.get(NAME) or DEFAULT
    parser.add_argument("--name", default=chosen, help=f"which cluster (${NAME}, or {DEFAULT})")


def _add_endpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--endpoint", default="writer", metavar="NAME",
        help="what DB_HOST, DB_PORT and DATABASE_URL lead to, as writer, reader or proxy (writer)",
    )  # fmt: skip


def _add_variables(parser: argparse.ArgumentParser, flag: str) -> None:
    _add_endpoint(parser)
    parser.add_argument(
        flag, choices=SYNTAXES, default=SYNTAXES[0],
        help="for a shell, for `docker run --env-file`, or for dotenv (shell)",
    )  # fmt: skip
