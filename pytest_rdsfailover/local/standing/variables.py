"""What a program of any language is told of a standing cluster, as environment variables.

No name begins with `RDS_`: those are options of ours.
"""

from collections.abc import Mapping
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


SHELL, DOCKER, DOTENV = "shell", "docker", "dotenv"
SYNTAXES = {SHELL: "export {}='{}'", DOCKER: "{}={}", DOTENV: "{}='{}'"}
UNFIT = frozenset("'\n\r\0")


def lines(told: Mapping[str, str | None], syntax: str) -> list[str]:
    """Return variables as lines of a file: for a shell, for `docker run --env-file`, for dotenv.

    Only a shell can take variables away, those whose value is None.

    Raises:
        SettingError: if a value cannot be written so that all of them read it alike.
    """
    known = {name: value for name, value in told.items() if value is not None}
    for name, value in known.items():
        if UNFIT & set(value):
            raise SettingError(
                f"{name} holds a quote or a new line, which no env file takes; run in a directory"
                " without it"
            )
    unset = [f"unset {name}" for name in told if name not in known and syntax == SHELL]
    return unset + [SYNTAXES[syntax].format(name, value) for name, value in known.items()]
