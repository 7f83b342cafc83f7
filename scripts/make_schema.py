#!/usr/bin/env python3
"""Makes the JSON Schema of the result document of the types in `report/schema.py`.

usage: .venv/bin/python scripts/make_schema.py [--check]

With --check it only tells whether the file is as it would write it. pydantic does the work; the
package itself never imports it.
"""

import json
import sys
import typing
from pathlib import Path

import typing_extensions
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

ROOT = Path(__file__).parents[1]
FILE = ROOT / "pytest_rdsfailover/report/result.schema.json"
HEAD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:pytest-rdsfailover:result:1",
    "title": "Result document of pytest-rdsfailover",
}
ORDER = ("description", "type", "required", "properties", "$defs")


def schema() -> dict[str, typing.Any]:
    """Return the schema of a run's document."""
    typing.TypedDict = typing_extensions.TypedDict  # pydantic asks for it below Python 3.12
    from pytest_rdsfailover.model import records
    from pytest_rdsfailover.report import schema as types
    from pytest_rdsfailover.report import trial_schema

    for record in (*vars(types).values(), *vars(trial_schema).values(), records.PinDocument):
        if typing_extensions.is_typeddict(record):
            closed = {"extra": "forbid"} if record in trial_schema.CLOSED else {}
            record.__pydantic_config__ = {"use_attribute_docstrings": True, **closed}
    made = TypeAdapter(types.RunDocument).json_schema(schema_generator=Untitled)
    made["$defs"] = {_short(name): part for name, part in made["$defs"].items()}
    for part in (made, *made["$defs"].values()):
        del part["title"]
    return HEAD | {name: _tidied(made[name]) for name in ORDER}


class Untitled(GenerateJsonSchema):
    """Gives no field a title, because its name says the same."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        """Return False."""
        return False


def _short(name: str) -> str:
    """Return how the schema calls a part: `trial` for `TrialDocument`."""
    return name.removesuffix("Document").lower()


def _tidied(part: typing.Any) -> typing.Any:
    """Return a part of which every text is one line and every reference short."""
    if isinstance(part, list):
        return [_tidied(member) for member in part]
    if isinstance(part, dict):
        return {name: _tidied(value) for name, value in part.items()}
    if not isinstance(part, str):
        return part
    where, found, name = part.rpartition("#/$defs/")
    return where + found + _short(name) if found else " ".join(part.split())


def main() -> int:
    """Write the file, or tell whether it is as it should be."""
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if sys.argv[1:] != ["--check"]:
        FILE.write_text(text, encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text:
        print(f"{FILE.name} is not what the types say: scripts/make_schema.py makes it anew")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
