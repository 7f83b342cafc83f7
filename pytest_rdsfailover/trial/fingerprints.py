"""What a test's own functions and objects are, as a text that another process gets as well.

Of a function these are its code, the plain values that it closes over, and the functions that it
calls by name; of any other object its class. What differs from run to run, a port or a temporary
folder, is left out. Only a hash is kept, because a value may be a secret.
"""

import functools
import hashlib
import inspect
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any

from pytest_rdsfailover.model.endpoints import Endpoint

HASHED, UNKNOWN = "sha256:", "unknown:"
DEEPEST = 8  # calls and values within each other
PORT = re.compile(r":\d{4,5}\b")
TEMPORARY = re.compile(r"\bpytest-\d+\b|\bpopen-gw\d+\b")


class UnknownSourceError(Exception):
    """There is no source of a function: nobody can tell whether it is the same in another run."""


def fingerprint(value: object, endpoint: Endpoint) -> str:
    """Return what is the same in two runs if the value is; of what is unknown it never is.

    Args:
        value: an option of a test.
        endpoint: where it writes; its port and password are no part of the value.
    """
    try:
        plain = _Describer(endpoint).describe(value)
    except (UnknownSourceError, RecursionError):
        return f"{UNKNOWN}{uuid.uuid4().hex}"
    return HASHED + hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:16]


class _Describer:
    """Describes values, each function once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._seen: dict[int, int] = {}  # functions by identity, and when each came

    def describe(self, value: object, depth: int = 0) -> Any:
        """Return a value as JSON can say it.

        Raises:
            UnknownSourceError: if it is a function of which there is no source.
        """
        if depth > DEEPEST:
            return None
        simple = self._scalar(value)
        if simple is not None or value is None:
            return simple
        within = functools.partial(self.describe, depth=depth + 1)
        match value:
            case Mapping():
                return [[within(key), within(part)] for key, part in value.items()]
            case AbstractSet():
                return sorted(json.dumps(within(part)) for part in value)
            case Sequence():
                return [within(part) for part in value]
        return self._callable(value, within)

    def _scalar(self, value: object) -> Any:
        """Return what a plain value is in any run; None if it is none."""
        if isinstance(value, Endpoint):
            return f"endpoint {value.name}"
        if isinstance(value, str):
            text = value.replace(self._endpoint.password, "") if self._endpoint.password else value
            return TEMPORARY.sub("", PORT.sub("", text))
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, (int, float)):
            return "port" if value == self._endpoint.port else value
        return None

    def _callable(self, value: object, within: Callable[[object], Any]) -> Any:
        match value:
            case functools.partial():
                return ["partial", within(value.func), within(value.args), within(value.keywords)]
            case FunctionType():
                return self._function(value, within)
            case MethodType():
                return [_name(type(value.__self__)), within(value.__func__)]
            case BuiltinFunctionType() | type():
                return _name(value)
        return self._object(value, within)

    def _object(self, value: object, within: Callable[[object], Any]) -> Any:
        """Return what an object is: one that is called has plain values of its own."""
        name = _name(type(value))
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None:
            return [name, within(wrapped)]
        call = inspect.getattr_static(type(value), "__call__", None)
        if is_dataclass(value) or isinstance(call, FunctionType):
            own = {key: self._scalar(field) for key, field in sorted(_own(value).items())}
            return [name, within(call), own]
        return name  # what it does tells its class

    def _function(self, value: FunctionType, within: Callable[[object], Any]) -> Any:
        if id(value) in self._seen:
            return self._seen[id(value)]
        self._seen[id(value)] = len(self._seen)
        if not _is_of_project(value):
            return _name(value)  # its package's version tells what it does
        closed = inspect.getclosurevars(value)
        called = {
            name: within(bound) if isinstance(bound, FunctionType) else self._scalar(bound)
            for name, bound in sorted(closed.globals.items())
        }
        own = {name: within(bound) for name, bound in sorted(closed.nonlocals.items())}
        given = [within(value.__defaults__), within(value.__kwdefaults__)]
        return [_name(value), _code(value.__code__), given, own, called]


def _own(value: object) -> Mapping[str, object]:
    """Return the values of an object's own."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name, None) for field in fields(value)}
    return getattr(value, "__dict__", {})


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _is_of_project(function: FunctionType) -> bool:
    """Tell whether a function is no part of an installed package.

    Raises:
        UnknownSourceError: if it comes from no file.
    """
    path = Path(function.__code__.co_filename)
    if not path.is_file():
        raise UnknownSourceError(_name(function))
    return not {"site-packages", "dist-packages"} & {*path.parts}


def _code(code: CodeType) -> str:
    """Return what a function does, whatever the file and the line that it stands in."""
    hashed = hashlib.sha256(code.co_code)
    for part in (code.co_names, code.co_varnames, code.co_freevars):
        hashed.update(repr(part).encode())
    for constant in code.co_consts:
        text = _code(constant) if isinstance(constant, CodeType) else _constant(constant)
        hashed.update(text.encode())
    return hashed.hexdigest()


def _constant(constant: object) -> str:
    return repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)
