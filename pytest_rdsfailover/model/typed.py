"""Plain data, as JSON has it, held to the type that it should be of: one reader for all files.

A type may be made of typed dictionaries, frozen records, lists, tuples, mappings, literals, optional
and annotated values. What a record does not name is left out: a later program may have added it.
"""

import functools
import types
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

LARGEST = (1 << 63) - 1  # of whole numbers, as columns store them
FARTHEST = float(1 << 53)  # of other numbers
SHOWN = 40  # characters of a wrong value in an error
T = TypeVar("T")
Reader = Callable[[Any, str], Any]


class NotOfTypeError(ValueError):
    """Plain data is not of the type that it should be of; says where."""

    def __init__(self, where: str, wanted: str, value: object) -> None:
        super().__init__(f"{where} is no {wanted}: {ascii(value)[:SHOWN]}")


def typed(kind: type[T], value: object, where: str = "it") -> T:
    """Return plain data as a value of a type.

    Args:
        kind: the type.
        value: what JSON made.
        where: what an error calls it.

    Raises:
        NotOfTypeError: if it is of another one.
    """
    read: T = _reader(cast("Hashable", kind))(value, where)
    return read


@functools.cache
def _reader(kind: Any) -> Reader:
    """Return what reads values of a type."""
    made_by = MAKERS.get(get_origin(kind))
    if made_by is not None:
        return made_by(get_args(kind))
    return SIMPLE[kind] if kind in SIMPLE else _record(kind)


def _text(value: Any, where: str) -> str:
    if type(value) is not str:
        raise NotOfTypeError(where, "text", value)
    return value


def _flag(value: Any, where: str) -> bool:
    if type(value) is not bool:
        raise NotOfTypeError(where, "true or false", value)
    return value


def _whole(value: Any, where: str) -> int:
    if type(value) is not int or not -LARGEST <= value <= LARGEST:
        raise NotOfTypeError(where, "whole number of 64 bits", value)
    return value


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not -FARTHEST <= value <= FARTHEST:
        raise NotOfTypeError(where, "number that can be meant", value)
    number: float = value
    return number


SIMPLE: Mapping[Any, Reader] = {str: _text, bool: _flag, int: _whole, float: _number}


def _annotated(parts: Sequence[Any]) -> Reader:
    inner, rules = _reader(parts[0]), parts[1:]

    def read(value: Any, where: str) -> Any:
        found = inner(value, where)
        for rule in rules:
            wanted = rule.broken_by(found)
            if wanted:
                raise NotOfTypeError(where, wanted, value)
        return found

    return read


def _optional(parts: Sequence[Any]) -> Reader:
    (kind,) = (part for part in parts if part is not types.NoneType)
    inner = _reader(kind)
    return lambda value, where: None if value is None else inner(value, where)


def _literal(known: Sequence[object]) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not any(value == choice and type(value) is type(choice) for choice in known):
            raise NotOfTypeError(where, f"one of {', '.join(map(str, known))}", value)
        return value

    return read


def _list(parts: Sequence[Any]) -> Reader:
    kind = parts[0]
    inner = _reader(kind)

    def read(value: Any, where: str) -> list[Any]:
        if type(value) is not list:
            raise NotOfTypeError(where, "list", value)
        if kind is int and all(type(number) is int for number in value):  # columns are long
            for extreme in (min(value, default=0), max(value, default=0)):
                inner(extreme, where)
            return value
        return [inner(item, f"{where}[{place}]") for place, item in enumerate(value)]

    return read


def _tuple(parts: Sequence[Any]) -> Reader:
    if parts[1:] == (...,):
        several = _list(parts)
        return lambda value, where: tuple(several(value, where))
    readers = [_reader(part) for part in parts]

    def read(value: Any, where: str) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != len(readers):
            raise NotOfTypeError(where, f"list of {len(readers)}", value)
        return tuple(inner(item, where) for inner, item in zip(readers, value, strict=True))

    return read


def _mapping(parts: Sequence[Any]) -> Reader:
    inner = _reader(parts[1])

    def read(value: Any, where: str) -> dict[str, Any]:
        if type(value) is not dict:
            raise NotOfTypeError(where, "object", value)
        return {name: inner(item, where) for name, item in value.items()}

    return read


def _record(kind: Any) -> Reader:
    """Return what reads a typed dictionary or a record; what that requires has to be there."""
    readers = {
        name: _reader(hint) for name, hint in get_type_hints(kind, include_extras=True).items()
    }
    if is_typeddict(kind):
        make, needed = dict, kind.__required_keys__
    else:
        make = kind
        needed = {
            field.name for field in fields(kind)
            if field.default is MISSING and field.default_factory is MISSING
        }  # fmt: skip
    order = [name for name in readers if name in needed]

    def read(value: Any, where: str) -> Any:
        if type(value) is not dict:
            raise NotOfTypeError(where, "object", value)
        for name in order:
            if name not in value:
                raise NotOfTypeError(where, f"object with {name}", sorted(value))
        return make(
            **{
                name: readers[name](item, f"{where}.{name}")
                for name, item in value.items()
                if name in readers
            }
        )

    return read


MAKERS: Mapping[Any, Callable[[Sequence[Any]], Reader]] = {
    NotRequired: lambda parts: _reader(parts[0]),
    Required: lambda parts: _reader(parts[0]),
    Annotated: _annotated,
    Union: _optional,
    types.UnionType: _optional,
    Literal: _literal,
    list: _list,
    Sequence: _list,
    Iterable: _list,
    tuple: _tuple,
    dict: _mapping,
    Mapping: _mapping,
}
