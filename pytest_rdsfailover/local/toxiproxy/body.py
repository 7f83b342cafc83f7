"""Request bodies: JSON with fields of known types, read as the original reads them."""

import json
from typing import TypeVar

from pytest_rdsfailover.local.toxiproxy.refusal import bad_body

T = TypeVar("T")


def decode(text: bytes) -> object:
    """Return the first JSON value of a body; what follows it is ignored, as in the original.

    Raises:
        Refusal: if there is none.
    """
    stripped = text.decode("utf-8", "replace").strip()
    if not stripped:
        raise bad_body("EOF")
    try:
        value: object = json.JSONDecoder().raw_decode(stripped)[0]
    except ValueError as error:
        raise bad_body(str(error)) from None
    return value


def fields(value: object) -> dict[str, object]:
    """Return the fields of a JSON object by lower-case name, without those that are null.

    Raises:
        Refusal: if *value* is no object.
    """
    if not isinstance(value, dict):
        raise bad_body(f"an object is needed, not {value!r}")
    return {name.lower(): field for name, field in value.items() if field is not None}


def field(given: dict[str, object], name: str, kind: type[T], default: T) -> T:
    """Return one field, or *default* if it is absent.

    Raises:
        Refusal: if it is of another type than *kind*.
    """
    value = given.get(name, default)
    # A bool is an int to Python, not to JSON; a whole number is a float to JSON, not to Python.
    if type(value) is kind or (kind is float and type(value) is int):
        return value  # type: ignore[return-value]  # mypy does not narrow by `type(...) is`
    raise bad_body(f"{name} cannot be {value!r}")
