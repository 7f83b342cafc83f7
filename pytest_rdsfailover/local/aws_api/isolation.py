"""Keeps AWS clients in this process away from AWS while a test uses a local cluster."""

import ipaddress
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from pytest_rdsfailover.aws.client import ApiPlace, stray_variables

# Nobody listens at port 1, and the system gives it to no client. The path is for people, in errors.
CLOSED = "http://127.0.0.1:1/a-test-with-a-local-cluster-reaches-AWS-only-by-the-fixture-rds_aws"
NOWHERE = ApiPlace(url=CLOSED, region="us-east-1", key="local-cluster", secret="no-secret")  # noqa: S106
ENDPOINT = "AWS_ENDPOINT_URL"


@contextmanager
def no_aws(environ: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Give clients that are made in the block dummy credentials and a closed endpoint.

    An endpoint of this machine that the user has set, such as a LocalStack, is left alone: it is
    not AWS, and the dummy credentials open nothing else.
    """
    local = {
        name: url for name, url in environ.items()
        if name.startswith(ENDPOINT) and is_loopback(url)
    }  # fmt: skip
    with _variables({**NOWHERE.environment(), **local}, environ):
        yield


@contextmanager
def only(place: ApiPlace, environ: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Lead clients that are made in the block to one place, whatever service they are for."""
    bypass = {
        name: ",".join(filter(None, (environ.get(name), "127.0.0.1")))
        for name in ("NO_PROXY", "no_proxy")
    }
    with _variables({**place.environment(), **bypass}, environ):
        yield


@contextmanager
def _variables(variables: Mapping[str, str], environ: MutableMapping[str, str]) -> Iterator[None]:
    stray = {name for name in stray_variables(environ) if name not in variables}
    before = {name: environ.get(name) for name in stray | variables.keys()}
    boto3 = sys.modules.get("boto3")  # its default session keeps credentials it has once found
    session = getattr(boto3, "DEFAULT_SESSION", None)
    try:
        environ.update(variables)
        for name in stray:
            del environ[name]
        if boto3 is not None:
            boto3.DEFAULT_SESSION = None  # type: ignore[attr-defined]
        yield
    finally:
        for name, value in before.items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value
        if (boto3 := sys.modules.get("boto3")) is not None:
            boto3.DEFAULT_SESSION = session  # type: ignore[attr-defined]


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine, without asking a name server."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
