"""The one argument of a load without a name: where it is missing, or another, the error has an example."""

from typing import Any

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError


def check_endpoint(fixture: str, endpoint: Any, others: tuple[Any, ...] = ()) -> Endpoint:
    """Return the endpoint that a fixture was called with.

    Args:
        fixture: its name.
        endpoint: what it was given as one; None if it was given nothing.
        others: more arguments that have no name.

    Raises:
        SettingError: if there is not one endpoint. It shows no argument: a URL has a password.
    """
    example = f"write {fixture}(rds_cluster.writer_endpoint)"
    if endpoint is None:
        raise SettingError(f"{fixture} needs an endpoint; {example}")
    if not isinstance(endpoint, Endpoint):
        raise SettingError(f"{fixture}: a {type(endpoint).__name__} is no endpoint; {example}")
    if others:
        name = "workload" if callable(others[0]) else "NAME"
        raise SettingError(
            f"{fixture}: only the endpoint has no name; write {fixture}(endpoint, {name}=...)"
        )
    return endpoint
