"""The AWS API through boto3, for a place that is named completely: nothing comes from elsewhere."""

import functools
import importlib.util
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from pytest_rdsfailover.model.errors import RdsFailoverError, forget_frames

# What could lead a client somewhere else, or to credentials that work there.
STRAY = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)  # fmt: skip
SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"  # and a service's name: beats AWS_ENDPOINT_URL
CONNECT_WITHIN, ANSWER_WITHIN = 2.0, 10.0  # seconds


# What botocore logs of a request that gets a secret, or signs a password: with `boto3` at DEBUG,
# and with pytest's own capturing, that would be in the report of a failing test.
TALKATIVE = ("botocore.parsers", "botocore.auth", "botocore.endpoint")
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


class AwsError(RdsFailoverError):
    """The AWS API refused a request, or could not be asked; then `code` is the error's class."""

    def __init__(self, action: str, code: str, message: str, request_id: str = "") -> None:
        super().__init__(action, code, message, request_id)
        self.action, self.code, self.message, self.request_id = action, code, message, request_id

    def __str__(self) -> str:
        return f"{self.action} failed: {self.code}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPlace:
    """One AWS region, real or not, and the credentials to use there.

    Attributes:
        url: where all its services answer.
        region: its name.
        key: access key id.
        secret: secret access key; never in a repr.
    """

    url: str
    region: str
    key: str
    secret: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """Return the variables that lead other people's AWS clients to this place only."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def stray_variables(environ: Mapping[str, str]) -> list[str]:
    """Return the names of variables that could lead an AWS client elsewhere."""
    return [name for name in environ if name in STRAY or name.startswith(SERVICE_ENDPOINT)]


def has_boto3() -> bool:
    """Tell whether boto3 can be imported, without importing it."""
    return importlib.util.find_spec("boto3") is not None


def sharing(core: Any) -> Any:
    """Let a botocore session read the services' descriptions where all others of ours do.

    Reading them takes longest when a client is made: 0.2 s for RDS.
    """
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    return core


@functools.cache
def _loader(path: str | None) -> Any:
    import botocore.loaders

    return botocore.loaders.create_loader(path)


def session(place: ApiPlace) -> Any:
    """Return a boto3 session that knows this place only: no profile, file, role or metadata."""
    import boto3.session
    import botocore.session

    # A user's profile that is not there, or their configuration, must not matter here.
    blank = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    core = botocore.session.Session(session_vars=blank)
    core.set_config_variable("ignore_configured_endpoint_urls", value=True)
    return boto3.session.Session(
        aws_access_key_id=place.key,
        aws_secret_access_key=place.secret,
        region_name=place.region,
        botocore_session=sharing(core),
    )


def make_client(place: ApiPlace, service: str) -> Any:
    """Return a client of one service at this place; no proxy, short waits, no retries."""
    from botocore.config import Config

    options = Config(
        proxies={},  # what HTTP_PROXY says is for other places
        connect_timeout=CONNECT_WITHIN,
        read_timeout=ANSWER_WITHIN,
        retries={"total_max_attempts": 1},
    )
    return session(place).client(service, endpoint_url=place.url, config=options)


def add_headers(api: Any, operation: str, headers: Callable[[], Mapping[str, str]]) -> None:
    """Let every request of one operation carry more headers, as *headers* then returns them."""

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"].update(headers())

    service = api.meta.service_model.service_id.hyphenize()
    api.meta.events.register(f"before-call.{service}.{operation}", add)


@contextmanager
def unlogged() -> Iterator[None]:
    """Let botocore log nothing of what this thread asks in the block."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_may_speak)  # once: the same filter is not added twice
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


def _may_speak(_: logging.LogRecord) -> bool:
    return not _quiet.get()


@contextmanager
def explained(action: str) -> Iterator[None]:
    """Turn botocore's errors into ours; its frames, whose requests are signed, are left out.

    Raises:
        AwsError: naming the action, the service's error code and its message.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        forget_frames(error)
        told = error.response.get("Error", {})
        request_id = error.response.get("ResponseMetadata", {}).get("RequestId", "")
        code, message = told.get("Code", "?"), told.get("Message", "")
        raise AwsError(action, code, message, request_id) from error
    except BotoCoreError as error:
        forget_frames(error)
        raise AwsError(action, type(error).__name__, str(error)) from error
