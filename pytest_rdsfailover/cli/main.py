"""The command `rdsfailover`: clusters for programs of any language, and results without a test.

Exit status: 0 for yes, 1 for no (`judge`: a trial is invalid or breaks a bound; `doctor`: local
trials cannot be run; `up` and what acts on a cluster: it could not be done), 2 for a wrong argument or
a file that is not what it should be. `run` has the status of its command, and 125 to 127 of its own.
"""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from pytest_rdsfailover.cli.output import own_words, say
from pytest_rdsfailover.cli.signals import EndedError
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError, did_you_mean
from pytest_rdsfailover.model.shown import one_line, printable

YES, NO, WRONG = 0, 1, 2
BY_SIGNAL = 128  # and the number of the signal, as shells say it
STATUS = (
    "exit status: 0 for yes, 1 for no (judge: a trial is invalid or breaks a bound; doctor: local"
    " trials cannot be run; what starts or uses a cluster: it could not be done), 2 for a wrong"
    " argument or file; run: that of its command"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):  # a terminal may have fewer characters than a name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    if not (sys.argv[1:] if arguments is None else arguments):
        parser.print_help(sys.stderr)
        return WRONG
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        hint = did_you_mean(unknown[0], options.known)
        return _wrong(f"unrecognized arguments: {' '.join(unknown)}{hint}", options.wrong)
    try:
        return _done(options)
    except (EndedError, KeyboardInterrupt) as ended:
        return BY_SIGNAL + getattr(ended, "number", signal.SIGINT)


def _open_closed_streams() -> None:
    """Put nothing in the place of a standard stream that whoever started us has closed.

    Otherwise the next file that is opened would be taken for it.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            os.set_inheritable(number, True)  # noqa: FBT003 - for commands that we run
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def _done(options: argparse.Namespace) -> int:
    """Do what was typed; return the exit status."""
    try:
        status: int = options.run(options)
    except SettingError as error:
        return _wrong(own_words(str(error)), options.wrong)
    except RdsFailoverError as error:
        return _wrong(str(error), options.failed)
    except OSError as error:
        return _wrong(str(error), options.wrong)
    return status


def _wrong(why: str, status: int) -> int:
    print(f"rdsfailover: {printable(why)}", file=sys.stderr)  # noqa: T201 - a command speaks so
    return status


class _Parser(argparse.ArgumentParser):
    """A parser whose errors end with a status of its own.

    Attributes:
        wrong: that status.
    """

    wrong = WRONG

    @property
    def flags(self) -> list[str]:
        """Return the options that it knows."""
        return list(self._option_string_actions)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End the command; whatever argparse calls an error is our own status."""
        super().exit(self.wrong if status else 0, message)

    def _check_value(self, action: argparse.Action, value: str) -> None:
        if action.choices is not None and value not in action.choices:
            known = list(action.choices)
            raise argparse.ArgumentError(
                action, f"there is no {value!r}{did_you_mean(value, known)} ({', '.join(known)})"
            )


def _show(lines: Sequence[str]) -> None:
    say("\n".join(map(one_line, lines)))


def _parser() -> argparse.ArgumentParser:
    from pytest_rdsfailover.cli import standing_arguments

    parser = _Parser(
        prog="rdsfailover",
        description="Clusters that fail over, for programs of any language; trials judged, drawn and"
        " compared again.",
        epilog=STATUS,
    )
    parser.set_defaults(wrong=WRONG, failed=WRONG)
    parser.add_argument("--version", action="version", version=version("pytest-rdsfailover"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    standing_arguments.add(commands)
    _add_demo(commands)
    _add_judge(commands)
    _add_render(commands)
    _add_compare(commands)
    _add_calibrate(commands)
    _add_lambda(commands)
    doctor = commands.add_parser("doctor", help="say what is here, what is missing, what to type")
    doctor.add_argument("--json", action="store_true", help="as JSON, for a bug report")
    doctor.set_defaults(run=_doctor)
    for command in commands.choices.values():
        command.set_defaults(known=command.flags)
    return parser


def _add_demo(commands: "argparse._SubParsersAction[_Parser]") -> None:
    from pytest_rdsfailover.cli.standing_arguments import add_options, late

    parser = commands.add_parser("demo", help="show a failover and its report, without a project")
    parser.add_argument("--profile", metavar="NAME", help="failover profile (aurora)")
    parser.add_argument("--report", metavar="DIR", help="write an HTML page to DIR/index.html")
    add_options(parser, ("seed", "server"))
    trial = vars(commands.choices["trial"].parse_args([]))
    own = {"name": None, "profile": "aurora", "writers": "16"}
    parser.set_defaults(**{**trial, **own, "run": late("demo", "demo")})


def _add_judge(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser(
        "judge", help="judge journals again, without any database", epilog=STATUS
    )
    parser.add_argument(
        "journals", nargs="+", type=Path, metavar="JOURNAL", help="a file, or a directory of them"
    )
    parser.add_argument(
        "--expect", action="append", default=[], metavar="BOUND",
        help='what every trial must hold to, as "downtime < 2s" or "lost == 0"; repeatable',
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the result document")
    parser.add_argument(
        "--timelines", action="store_true", help="draw every trial, however many there are"
    )
    parser.set_defaults(run=_judge)


def _add_render(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("render", help="write the HTML page of journals or documents")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help="a journal, a directory of them, or a result document (which has no timelines)",
    )  # fmt: skip
    parser.add_argument(
        "--html", required=True, type=Path, metavar="DIR", help="write DIR/index.html"
    )
    parser.add_argument("--title", default="Database failover", help="what stands above the page")
    parser.set_defaults(run=_render)


def _add_compare(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("compare", help="put two result documents beside each other")
    parser.add_argument("before", type=Path, metavar="A.json", help="the baseline")
    parser.add_argument("after", type=Path, metavar="B.json", help="the candidate")
    parser.add_argument(
        "--anyway", action="store_true", help="even if mode, endpoint or profile differ"
    )
    parser.set_defaults(run=_compare)


def _add_calibrate(commands: "argparse._SubParsersAction[_Parser]") -> None:
    from pytest_rdsfailover.cli.standing_arguments import duration, late

    parser = commands.add_parser(
        "calibrate", help="freeze a local server for known times; print how wrong it was measured"
    )
    parser.add_argument("--rate", type=float, default=1000.0, help="writes per second (1000)")
    parser.add_argument("--writers", type=int, default=32, help="concurrent writers (32)")
    parser.add_argument("--repeats", type=int, help="freezes of each length (5)")
    parser.add_argument(
        "--freeze", action="append", type=duration, metavar="TIME",
        help="length of a freeze, as 200ms; may be given several times (50ms, 200ms, 1s)",
    )  # fmt: skip
    parser.set_defaults(run=late("calibrate", "run"), parser=parser)


def _add_lambda(commands: "argparse._SubParsersAction[_Parser]") -> None:
    from pytest_rdsfailover.cli.standing_arguments import late

    parser = commands.add_parser("lambda", help="load from many functions of AWS Lambda")
    acts = parser.add_subparsers(required=True, metavar="ACT")
    build = acts.add_parser("build", help="write the function's package: the same bytes each time")
    build.add_argument("out", metavar="OUT.zip", help="where to write it")
    build.set_defaults(run=late("lambda_package", "run"))


def _judge(options: argparse.Namespace) -> int:
    from pytest_rdsfailover.cli.judge import judge

    lines, holds = judge(
        options.journals,
        expect=options.expect,
        json_path=options.json,
        timelines=options.timelines,
    )
    _show(lines)
    return YES if holds else NO


def _render(options: argparse.Namespace) -> int:
    from pytest_rdsfailover.cli.render import render

    _show([str(render(options.files, options.html, title=options.title))])
    return YES


def _compare(options: argparse.Namespace) -> int:
    from pytest_rdsfailover.cli.compare import compare

    _show(compare(options.before, options.after, anyway=options.anyway))
    return YES


def _doctor(options: argparse.Namespace) -> int:
    from pytest_rdsfailover.cli import doctor

    findings = doctor.examine()
    _show(doctor.as_json(findings) if options.json else doctor.lines(findings))
    return YES if doctor.is_healthy(findings) else NO


if __name__ == "__main__":
    sys.exit(main())
