"""What a program of any language is told of a standing cluster, as environment variables.

No name begins with `RDS_`: those are options of ours.
"""

from collections.abc import Mapping
from dataclasses import replace

from pytest_rdsfailover.aws.client import stray_variables
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.model.errors import SettingError

NAME, PREFIX = "RDSFAILOVER_NAME", "RDSFAILOVER_"


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


def environment_of(
    description: Description, endpoint: str, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return an environment with these variables, and without those that lead AWS clients elsewhere.

    Raises:
        SettingError: if there is no such endpoint.
    """
    told = variables(description, endpoint)
    stray = set() if description.aws is None else set(stray_variables(environ))
    bypass = {
        name: ",".join(filter(None, (environ.get(name), "127.0.0.0/8", "127.0.0.1")))
        for name in ("NO_PROXY", "no_proxy")
    }
    return {name: value for name, value in environ.items() if name not in stray} | bypass | told


SHELL, DOCKER, DOTENV = "shell", "docker", "dotenv"
SYNTAXES = {SHELL: "export {}='{}'", DOCKER: "{}={}", DOTENV: "{}='{}'"}
UNFIT = frozenset("'\n\r\0")


def lines(told: Mapping[str, str], syntax: str) -> list[str]:
    """Return variables as lines of a file: for a shell, for `docker run --env-file`, for dotenv.

    Raises:
        SettingError: if a value cannot be written so that all of them read it alike.
    """
    for name, value in told.items():
        if UNFIT & set(value):
            raise SettingError(
                f"{name} holds a quote or a new line, which no env file takes; run in a directory"
                " without it"
            )
    return [SYNTAXES[syntax].format(name, value) for name, value in told.items()]
