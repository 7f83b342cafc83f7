"""The workload of `rdsfailover trial` as it was typed."""

import argparse
import shlex
from collections.abc import Mapping

from pytest_rdsfailover.load.http import MEANINGS, METHODS, HttpWorkload, Meaning
from pytest_rdsfailover.load.outside import OutsideWorkload
from pytest_rdsfailover.load.programs import ProcessWorkload
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.given_names import once


def workload_of(
    options: argparse.Namespace, environ: Mapping[str, str | None]
) -> OutsideWorkload | None:
    """Return the workload that was asked for; None for our own insert.

    Args:
        options: what was typed.
        environ: what a program is told of the cluster; None for a variable that it must not see.

    Raises:
        SettingError: if it makes no sense.
    """
    if options.http is not None and options.exec is not None:
        raise SettingError("--http and --exec are two workloads; a trial has one")
    _check_parts(options)
    bound = {} if options.answer_within is None else {"answer_within": options.answer_within}
    if options.exec is not None:
        return ProcessWorkload(command=_words(options.exec), environ=environ, **bound)
    if options.http is None:
        return None
    method, space, url = options.http.partition(" ")
    if not space:
        method, url = "POST", options.http
    if method not in METHODS:
        raise SettingError(
            f"--http {options.http!r}: write METHOD URL, as POST http://127.0.0.1/{{key}}"
        )
    return HttpWorkload(
        url=url.strip(),
        method=method,
        headers=once(map(_header, options.header), "--header"),
        body=options.body,
        outcomes=once(map(_outcome, options.outcome), "--outcome"),
        **bound,
    )


def _check_parts(options: argparse.Namespace) -> None:
    """Refuse parts of a workload that was not asked for: they would be ignored."""
    for part in ("header", "body", "outcome"):
        if getattr(options, part) and options.http is None:
            raise SettingError(f"--{part}: only with --http")
    if options.answer_within is not None and options.http is None and options.exec is None:
        raise SettingError("--answer-within: only with --http or --exec")


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SettingError(f"--exec {command}: {error}; quote it as for a shell") from None
    if not words:
        raise SettingError("--exec: which program? write it and its arguments")
    return words


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise SettingError(f"--header {text!r}: write NAME: VALUE")
    return name.strip(), value.strip()


def _outcome(text: str) -> tuple[int, Meaning]:
    status, equals, meaning = text.partition("=")
    if not equals or not status.isdecimal() or meaning not in MEANINGS:
        raise SettingError(f"--outcome {text!r}: write STATUS=acked, refused or unknown")
    return int(status), meaning
