"""Request bodies: JSON with fields of known types, read as Toxiproxy's own server reads them."""

import json
import math
import struct
from typing import NoReturn, TypeVar

from pytest_rdsfailover.local.toxiproxy.refusal import bad_body

T = TypeVar("T")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


DECODER = json.JSONDecoder(parse_constant=_no_constant)


def decode(text: bytes) -> object:
    """Return the first JSON value of a body; what follows it is ignored, as Toxiproxy ignores it.

    Raises:
        Refusal: if the body does not begin with a JSON value.
    """
    stripped = text.decode("utf-8", "replace").strip(" \t\r\n")
    if not stripped:
        raise bad_body("EOF")
    try:
        value: object = DECODER.raw_decode(stripped)[0]
    except RecursionError:
        raise bad_body("exceeded max depth") from None
    except ValueError as error:
        raise bad_body(str(error)) from None
    return value


def fields(value: object) -> dict[str, object]:
    """Return the fields of a JSON object by lower-case name, without those that are null.

    Null instead of an object has no fields.

    Raises:
        Refusal: if *value* is no object.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_body(f"an object is needed, not {value!r}")
    return {name.lower(): field for name, field in value.items() if field is not None}


def field(given: dict[str, object], name: str, kind: type[T], default: T) -> T:
    """Return one field, or *default* if it is absent.

    Raises:
        Refusal: if the field is of another type than *kind*.
    """
    value = given.get(name, default)
    if isinstance(value, str):  # half a character is replaced, as Go does; it cannot be sent
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    # A bool is an int in Python, but not in JSON. A whole number is a float in JSON, but not in
    # Python.
    if type(value) is kind or (kind is float and type(value) is int):
        return value  # type: ignore[return-value]  # mypy does not narrow by `type(...) is`
    raise bad_body(f"{name} cannot be {value!r}")


def single(number: float) -> float:
    """Return a number as a float of 32 bits keeps it, with no more digits than tell it apart.

    Raises:
        Refusal: if it is too large for one.
    """
    try:
        kept = _rounded(number)
    except OverflowError:
        kept = math.inf
    if not math.isfinite(kept):
        raise bad_body(f"{number!r} is too large")
    shorter = (float(f"{kept:.{digits}g}") for digits in range(1, DIGITS))
    shortest = next((short for short in shorter if _rounded(short) == kept), kept)
    return int(shortest) if shortest.is_integer() else shortest


DIGITS = 9  # decimal digits that tell any two floats of 32 bits apart


def _rounded(number: float) -> float:
    rounded: float = struct.unpack("f", struct.pack("f", number))[0]
    return rounded
