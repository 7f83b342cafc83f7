"""The AWS API through boto3: a client takes its place and credentials from an `ApiPlace` only."""

import functools
import importlib.util
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any

from pytest_rdsfailover.model.errors import RdsFailoverError, forget_frames, public
from pytest_rdsfailover.model.shown import printable

# Variables that could lead a client to another place, or to credentials that work there.
STRAY = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)  # fmt: skip
SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"  # with a service's name behind it; beats AWS_ENDPOINT_URL
CONNECT_WITHIN, ANSWER_WITHIN = 2.0, 10.0  # seconds
SERVER_ERROR = 500  # HTTP statuses from here on say nothing of what became of the request


# These loggers write requests and answers, secrets and signed passwords among them. With `boto3` at
# DEBUG and pytest's own capturing they would stand in the report of a failing test.
TALKATIVE = ("botocore.parsers", "botocore.auth", "botocore.endpoint")
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@public
class AwsError(RdsFailoverError):
    """The AWS API refused a request, or could not be asked: then `code` is an error's class.

    `unanswered` says that AWS may act on the request all the same: it was sent, and no answer tells.
    """

    def __init__(
        self,
        action: str,
        code: str,
        message: str,
        request_id: str = "",
        *,
        unanswered: bool = False,
    ) -> None:
        super().__init__(action, code, message, request_id)
        self.action, self.code, self.message, self.request_id = action, code, message, request_id
        self.unanswered = unanswered

    def __str__(self) -> str:
        return printable(f"{self.action} failed: {self.code}: {self.message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPlace:
    """One AWS region, real or not, and the credentials to use there.

    Attributes:
        url: where all services of the region answer.
        region: the name of the region.
        key: access key id.
        secret: secret access key; never in a repr.
    """

    url: str
    region: str
    key: str
    secret: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """Return the variables that lead AWS clients that others make to this place only."""
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


def with_shared_descriptions(core: Any) -> Any:
    """Let a botocore session share the services' descriptions with all our other sessions.

    Reading them takes most of the time in which a client is made: 0.2 s for RDS.
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

    # The user's profile and configuration must not matter, not even if they name a missing profile.
    blank = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    core = botocore.session.Session(session_vars=blank)
    core.set_config_variable("ignore_configured_endpoint_urls", value=True)
    return boto3.session.Session(
        aws_access_key_id=place.key,
        aws_secret_access_key=place.secret,
        region_name=place.region,
        botocore_session=with_shared_descriptions(core),
    )


def make_client(
    place: ApiPlace,
    service: str,
    *,
    answer_within: float = ANSWER_WITHIN,
    at_once: int = 10,
    more: Any = None,
) -> Any:
    """Return a client of one service at this place; no proxy, short time-outs, no retries.

    Args:
        place: where it answers.
        service: its name.
        answer_within: seconds that an answer may take.
        at_once: how many calls may be on at once, each on a connection of its own.
        more: a `Config` of botocore with other options; None for none.
    """
    from botocore.config import Config

    options = Config(
        proxies={},  # HTTP_PROXY is meant for other places
        connect_timeout=CONNECT_WITHIN,
        read_timeout=answer_within,
        max_pool_connections=at_once,
        retries={"total_max_attempts": 1},
    )
    merged = options.merge(more) if more else options
    return session(place).client(service, endpoint_url=place.url, config=merged)


def signing() -> Any:
    """Return options of a client of S3 whose signed URLs lead to the region itself.

    The usual ones lead to us-east-1, which redirects, and which no private subnet elsewhere reaches.
    """
    from botocore.config import Config

    place = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
    return Config(signature_version="s3v4", s3=place)


def add_headers(api: Any, operation: str, headers: Callable[[], Mapping[str, str]]) -> None:
    """Add headers to every request of one operation; *headers* is called for each request."""

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"].update(headers())

    service = api.meta.service_model.service_id.hyphenize()
    api.meta.events.register(f"before-call.{service}.{operation}", add)


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep botocore from logging the requests that this thread makes in the block."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_may_log)  # once: the same filter is not added twice
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


def _may_log(_: logging.LogRecord) -> bool:
    return not _quiet.get()


@contextmanager
def explained(action: str) -> Iterator[None]:
    """Turn botocore's errors into ours, without botocore's frames: these hold signed requests.

    Raises:
        AwsError: naming the action, the service's error code and its message.
    """
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        forget_frames(error)
        details = error.response.get("Error", {})
        metadata = error.response.get("ResponseMetadata", {})
        code, message = details.get("Code", "?"), details.get("Message", "")
        failed = metadata.get("HTTPStatusCode", 0) >= SERVER_ERROR
        raise AwsError(
            action, code, message, metadata.get("RequestId", ""), unanswered=failed
        ) from error
    except (BotoCoreError, ResponseParserError) as error:
        forget_frames(error)
        sent = isinstance(error, HTTPClientError | ResponseParserError)
        raise AwsError(action, type(error).__name__, str(error), unanswered=sent) from error
    except Exception as error:
        if not _met_in_botocore(error):
            raise
        forget_frames(error)  # such as by a page of HTML in place of an answer
        raise AwsError(action, type(error).__name__, str(error), unanswered=True) from error


def _met_in_botocore(error: Exception) -> bool:
    """Tell whether an error was raised while botocore was at work."""
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return any(module.partition(".")[0] == "botocore" for module in modules)
