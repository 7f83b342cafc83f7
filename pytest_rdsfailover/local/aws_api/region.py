"""The simulated region as one WSGI application: moto's server with our RDS and FIS in it."""

import functools
import importlib
import json
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, NoReturn
from wsgiref.types import StartResponse, WSGIEnvironment
from xml.sax.saxutils import escape

import flask
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.utils import get_service_model
from moto.fis.models import fis_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.rds.models import rds_backends
from moto.secretsmanager.models import secretsmanager_backends

from pytest_rdsfailover.local.aws_api import alarms, calls, fis, metrics, request
from pytest_rdsfailover.local.aws_api.blue_green import BlueGreenCalls
from pytest_rdsfailover.local.aws_api.custom import CustomCalls
from pytest_rdsfailover.local.aws_api.fis import LocalFis
from pytest_rdsfailover.local.aws_api.impairment import IMPAIR, Impairment, Throttle
from pytest_rdsfailover.local.aws_api.lambda_calls import LambdaCalls, is_of_lambda
from pytest_rdsfailover.local.aws_api.passwords import Passwords
from pytest_rdsfailover.local.aws_api.plane import Plane
from pytest_rdsfailover.local.aws_api.rds import LocalRds
from pytest_rdsfailover.local.aws_api.sampler import Sampler
from pytest_rdsfailover.local.aws_api.script import SCRIPT, Script, decode_script
from pytest_rdsfailover.local.aws_api.secrets import LocalSecrets
from pytest_rdsfailover.local.aws_api.shown import UNDO, Shown
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError

ALWAYS_USED = ("rds", "secretsmanager", "kms", "ec2")
# What moto itself loads late.
LOADED_LATE = ("moto.core.compat", "moto.iam.access_control", "flask.debughelpers")
RATE_EXCEEDED = "Rate exceeded"  # AWS' own words
THROTTLED = {True: "ThrottlingException", False: "Throttling"}  # in JSON, and in XML
HEADER = "HTTP_" + SCRIPT.upper().replace("-", "_")


def read_descriptions() -> None:
    """Have moto read what the first cluster and the first request would have it read, and keep it.

    moto asks for a service's regions for each of its backends, and again after each `reset`; botocore
    then reads all operations of EC2.
    """
    generate = AccountSpecificBackend._generate_regions.__wrapped__  # noqa: SLF001 - it has no other name

    @functools.cache
    def regions(service: str) -> tuple[str, ...]:
        return tuple(generate(None, service))

    AccountSpecificBackend._generate_regions = lambda _, service: regions(service)  # noqa: SLF001
    for service in ALWAYS_USED:
        regions(service)
        importlib.import_module(f"moto.{service}.urls")
    for name in LOADED_LATE:
        importlib.import_module(name)
    get_service_model("rds")


class RegionApplication:
    """The application that answers for a region with the local cluster in it.

    moto keeps its state in the process, so a process can hold only one such region.

    Args:
        plane: answers for the cluster's state.
        passwords: changes the password of its account.
        sampler: keeps what its metrics show.
        shown: returns under which names the cluster is shown now; asked before each request.
        functions: answers the calls of Lambda.
    """

    def __init__(
        self,
        plane: Plane,
        passwords: Passwords,
        sampler: Sampler,
        shown: Callable[[], Shown],
        functions: LambdaCalls,
    ) -> None:
        install(plane, passwords, shown())
        metrics.install(sampler)
        self._passwords, self._shown, self._functions = passwords, shown, functions
        self._plane, self._changed = plane, False
        self._impair(Impairment())
        self._regions: tuple[str, ...] = ()  # clients of any that it was shown in may ask later
        self._show()
        self._moto = DomainDispatcherApplication(service_application)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            if environ["PATH_INFO"] in (UNDO, IMPAIR):
                return self._told(environ, start)
            if is_of_lambda(environ):
                return self._functions(environ, start)
            return self._answer(environ, start)
        except Exception as error:  # noqa: BLE001 - moto's own failures have no common class
            return failure(environ, start, *_told_of(error))

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call of AWS, other than those of Lambda."""
        of_a_trial = HEADER in environ
        if not of_a_trial and self._throttle.refuses():
            code = THROTTLED[speaks_json(environ)]
            return failure(environ, start, "400 Bad Request", code, RATE_EXCEEDED)
        self._changed |= request.changes(environ)
        self._show()
        request.begin(script_of(environ))
        answer: Iterable[bytes] = self._moto(environ, start)
        return answer

    def _show(self) -> None:
        """Show the cluster under its present names wherever it was shown; last where these are from."""
        shown = self._shown()
        others = (region for region in self._regions if region != shown.region)
        # One new value, and no step between: another thread may answer a request meanwhile.
        self._regions = regions = (*others, shown.region)
        LocalRds.shown = shown
        for region in regions:
            rds_backends[DEFAULT_ACCOUNT_ID][region].show()

    def _told(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Do what the test process wants, which no client of AWS can ask for."""
        if environ["PATH_INFO"] == UNDO:
            self._undo()
        else:
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            self._impair(Impairment.decode(body.decode()))
        start("204 No Content", [])
        return []

    def _impair(self, impairment: Impairment) -> None:
        self._plane.impairment = impairment
        self._throttle = Throttle(impairment.rate_exceeded, self._shown().usual.seed)

    def _undo(self) -> None:
        """Forget all that requests have changed; what there is to forget takes 0.3 s."""
        self._impair(Impairment())
        self._passwords.undo()
        self._functions.undo()
        if self._changed:
            BackendDict.reset()
            reset_model_data()
            LocalRds.custom.undo()
            LocalRds.blue_green.undo()
            self._changed = False


def service_application(service: Any) -> Any:
    """Return moto's application of one service; its errors reach the region, not a page of HTML."""
    application = create_backend_app(service)
    application.config["PROPAGATE_EXCEPTIONS"] = True
    application.register_error_handler(HTTPStatus.NOT_FOUND, lacking)
    return application


def lacking(_: Exception) -> NoReturn:
    """Say that moto has no such call, in place of its page of HTML.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(f"{flask.request.method} {flask.request.path}")


def failure(
    environ: WSGIEnvironment, start: StartResponse, status: str, code: str, message: str
) -> Iterable[bytes]:
    """Answer with an error in the protocol of the request, so that clients can read it."""
    if speaks_json(environ):
        body = json.dumps({"__type": code, "message": message})
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    else:
        element = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = f"<ErrorResponse>{element}</ErrorResponse>"
        headers = [("Content-Type", "text/xml")]
    start(status, headers)
    return [body.encode()]


def speaks_json(environ: WSGIEnvironment) -> bool:
    """Tell whether the protocol of a request is none of XML."""
    return "json" in environ.get("CONTENT_TYPE", "") or environ["PATH_INFO"] != "/"


def script_of(environ: WSGIEnvironment) -> Script | None:
    """Return the script that a request wants to be played; None if it names none, or an empty one.

    Raises:
        SettingError: if its header is no script.
    """
    text = environ.get(HEADER)
    return decode_script(text) if text else None


def install(plane: Plane, passwords: Passwords, shown: Shown) -> None:
    """Put our RDS, FIS and Secrets Manager in the place of moto's."""
    LocalRds.plane, LocalSecrets.passwords = plane, passwords

    def arn() -> str:
        return f"arn:aws:rds:{LocalRds.shown.region}:{DEFAULT_ACCOUNT_ID}"

    LocalRds.blue_green = BlueGreenCalls(plane.gateway, arn, shown.usual.seed)
    LocalRds.custom = CustomCalls(
        plane.gateway, shown.cluster, shown.listening, arn, lambda: LocalRds.shown.custom_domain
    )
    rds_backends.backend, fis_backends.backend = LocalRds, LocalFis
    secretsmanager_backends.backend = LocalSecrets
    LocalFis.rds = staticmethod(lambda region: rds_backends[DEFAULT_ACCOUNT_ID][region])
    for part in (calls, fis, alarms):
        part.install()


def _told_of(error: Exception) -> tuple[str, str, str]:
    """Return the status, the code and the text by which a client is told of an error."""
    if isinstance(error, SettingError):
        return "400 Bad Request", "InvalidParameterValue", str(error)
    if isinstance(error, RdsFailoverError):
        return "500 Internal Server Error", "InternalFailure", repr(error)
    # No 500 for what moto lacks, or breaks at: clients would try again what fails each time.
    said, does = str(error), "lacks this call"
    if not isinstance(error, NotImplementedError):
        traceback.print_exception(error)
        said, does = repr(error), "fails at this call"
    text = f"{said}; the AWS API of a local cluster is moto's, which {does}"
    return "501 Not Implemented", "NotImplemented", text
