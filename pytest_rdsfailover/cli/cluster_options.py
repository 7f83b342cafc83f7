"""What was typed of a cluster, as settings; the options are those of the fixtures."""

import argparse
import importlib.util
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from pytest_rdsfailover.cli.standing_arguments import CLUSTER, DATABASE, PASSWORD, USER
from pytest_rdsfailover.local.dns.names import PORT, check_region
from pytest_rdsfailover.local.endpoints import instance_ids
from pytest_rdsfailover.local.gateway.proxy.settings import ProxyChanges, ProxySettings
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.profiles.switchovers import load_switchover
from pytest_rdsfailover.local.server.programs import check_named
from pytest_rdsfailover.local.standing.description import called_in, inside
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy
from pytest_rdsfailover.model.endpoints import Hidden
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.given_names import once
from pytest_rdsfailover.model.option_texts import PARSERS
from pytest_rdsfailover.model.options import OPTIONS, REGION, Option
from pytest_rdsfailover.model.settings import FixedAccount, Settings

SEEDS = 1_000_000
MOST_PORT = 65_535
# What must be there: who looks for it later does not know which option or variable has named it.
NAMED: Mapping[str, Callable[[str], object]] = {
    "profile": load_profile,
    "blue_green": load_switchover,
    "server": check_named,
    "toxiproxy": find_toxiproxy,
}
READERS = {**PARSERS, REGION: check_region}


def settings_of(
    options: argparse.Namespace,
    names: tuple[str, ...] = CLUSTER,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Return the settings: an option first, then its variable (`RDS_PROFILE`), then the default.

    Raises:
        SettingError: if a text cannot be read or a setting cannot be honoured.
    """
    values: dict[str, Any] = {"seed": random.SystemRandom().randrange(SEEDS)}
    for option in OPTIONS:
        if option.name not in names:
            continue
        text, source = getattr(options, option.name), f"--{option.name.replace('_', '-')}"
        if text is None:
            source = option.dest.upper()
            text = environ.get(source)
        if text is not None:
            try:
                values[option.name] = _read(option, text)
            except SettingError as error:
                raise SettingError(f"{source}: {error}") from None
    if values.get("aws_names") is not None:
        values.setdefault("port", PORT)  # names carry no port, and those of AWS have this one
    return Settings(**values, login=_account(options, values.get("server"), environ))


def _read(option: Option, text: str) -> Any:
    """Return what an option's text stands for.

    Raises:
        SettingError: if it can be nothing, whatever else is asked for.
    """
    value: Any = READERS[option.kind](text)
    Settings(**{option.name: value})
    if option.name in NAMED:
        NAMED[option.name](value)
    return value


def _account(
    options: argparse.Namespace, server: str | None, environ: Mapping[str, str]
) -> FixedAccount | None:
    """Return the account; on a running server it has random names unless others are asked for."""
    password = _password(options, environ)
    asked = (options.user, password, options.database)
    if server is not None and "://" in server and not any(asked):
        return None
    return FixedAccount(
        user=options.user or USER, password=password, database=options.database or DATABASE
    )


def _password(options: argparse.Namespace, environ: Mapping[str, str]) -> str | None:
    """Return the password that was asked for, hidden from every repr; None for a random one."""
    text: str | None = options.password
    if options.password_file is not None:
        if text is not None:
            raise SettingError("--password and --password-file: give one of them")
        path = Path(options.password_file)
        try:
            text = path.read_text("utf-8").partition("\n")[0].removesuffix("\r")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise SettingError(f"--password-file: {path} cannot be read: {why}") from None
    elif text is None:
        text = environ.get(PASSWORD)
    return None if text is None else Hidden(text)


def check_endpoint(called: str, settings: Settings) -> None:
    """Raise `SettingError` if a cluster will have no endpoint of that name."""
    inside(called, called_in(instance_ids(settings.instances)))


def dns_port_of(options: argparse.Namespace, settings: Settings) -> int | None:
    """Return where a name server is to answer; 0 for any free port, None for no name server.

    Raises:
        SettingError: if there are no names to answer for, or the extra `dns` is not installed.
    """
    for flag in ("dns_port", "hosts_file"):
        if getattr(options, flag) is not None and settings.aws_names is None:
            raise SettingError(
                f"--{flag.replace('_', '-')}: without host names there is nothing to answer; add"
                " --aws-names REGION"
            )
    port: int | None = options.dns_port
    if port is not None and not 0 <= port <= MOST_PORT:
        raise SettingError(
            f"--dns-port: {port} is no port; choose one up to {MOST_PORT}, or 0 for any free one"
        )
    if port is not None and importlib.util.find_spec("dns") is None:
        raise SettingError(
            "--dns-port needs one more package: pip install 'pytest-rdsfailover[dns]'"
        )
    return port


def proxy_of(options: argparse.Namespace) -> ProxyChanges:
    """Return what `--proxy` says of RDS Proxy.

    Raises:
        SettingError: if a text is no `NAME=VALUE`, or there is no such setting.
    """
    found = once(map(_setting, options.proxy), "--proxy")
    ProxySettings.of(found)  # so that nothing is started with a wrong one
    return cast("ProxyChanges", found)


def _setting(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"--proxy {text}: write NAME=VALUE, as idle_client_timeout=60")
    return name, _value(value)


def _value(text: str) -> object:
    """Return a number, a truth, or the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
