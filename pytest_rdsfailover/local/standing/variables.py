"""What a program of any language is told of a standing cluster, as environment variables.

No name begins with `RDS_`: those are options of ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from pytest_rdsfailover.aws.client import STRAY, stray_variables
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.model.errors import SettingError

NAME, PREFIX = "RDSFAILOVER_NAME", "RDSFAILOVER_"
LOOPBACK = ("127.0.0.0/8", "127.0.0.1")


def variables(description: Description, endpoint: str = "writer") -> dict[str, str]:
    """Return the variables that lead a program to a cluster.

    Args:
        description: the cluster.
        endpoint: what `DB_HOST`, `DB_PORT` and `DATABASE_URL` lead to.

    Raises:
        SettingError: if there is no such endpoint.
    """
    chosen = description.endpoint(endpoint)
    host = description.names.get(chosen.name, chosen.host)
    found = {
        **replace(chosen, host=host).env(),
        NAME: description.name,
        f"{PREFIX}CLUSTER": description.identifier,
        f"{PREFIX}CA": description.ca,
    }
    for called, name in description.called.items():
        variable = PREFIX + called.upper().replace("-", "_")
        place = description.places[name]
        host = description.names.get(name, place.host)
        found |= {f"{variable}_HOST": host, f"{variable}_PORT": str(place.port)}
    if description.dns is not None:
        found[f"{PREFIX}DNS"] = str(description.dns)
    if description.aws is not None:
        found |= description.aws.environment()
    return {name: str(value) for name, value in found.items()}


def changes(
    description: Description, endpoint: str, environ: Mapping[str, str]
) -> dict[str, str | None]:
    """Return what to change in an environment, so that it leads to a cluster and nowhere else.

    The value None takes a variable away: it could lead an AWS client elsewhere.

    Raises:
        SettingError: if there is no such endpoint.
    """
    stray = [] if description.aws is None else sorted({*STRAY, *stray_variables(environ)})
    bypass = {name: _bypassed(environ.get(name, "")) for name in ("NO_PROXY", "no_proxy")}
    return {**dict.fromkeys(stray), **bypass, **variables(description, endpoint)}


def _bypassed(before: str) -> str:
    """Return a list of hosts to which no proxy stands between, with this machine."""
    hosts = [host for host in before.split(",") if host]
    return ",".join([*hosts, *(host for host in LOOPBACK if host not in hosts)])


def environment_of(
    description: Description, endpoint: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return an environment with these changes made.

    Raises:
        SettingError: if there is no such endpoint.
    """
    changed = {**environ, **changes(description, endpoint, environ)}
    return {name: value for name, value in changed.items() if value is not None}


def _shell(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


def _dotenv(value: str) -> str | None:
    """Return a value as all readers of dotenv read it alike; None if they do not."""
    if not {"'", "\\"} & {*value} and "${" not in value:
        return f"'{value}'"
    return None if {*'"\\$`'} & {*value} else f'"{value}"'


SHELL, DOCKER, DOTENV = "shell", "docker", "dotenv"
SYNTAXES: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    SHELL: ("export {}={}", _shell),
    DOCKER: ("{}={}", str),  # which takes all up to the end of the line
    DOTENV: ("{}={}", _dotenv),
}
ENDS_LINE = frozenset("\n\r\0")


def lines(told: Mapping[str, str | None], syntax: str) -> list[str]:
    """Return variables as lines of a file: for a shell, for `docker run --env-file`, for dotenv.

    Only a shell can take variables away, those whose value is None.

    Raises:
        SettingError: if a value cannot be written so that all who read that syntax read it alike.
    """
    form, quoted = SYNTAXES[syntax]
    found = [f"unset {name}" for name in told if told[name] is None and syntax == SHELL]
    for name, value in told.items():
        if value is not None:
            text = None if ENDS_LINE & {*value} else quoted(value)
            if text is None:
                raise SettingError(
                    f"{name} holds signs that not every reader of the syntax {syntax!r} reads alike:"
                    " choose another value, or another syntax"
                )
            found.append(form.format(name, text))
    return found
