"""The code in the documents is what our code takes: files, commands, options, arguments."""

import ast
import configparser
import inspect
import json
import re
import shlex
import tomllib

import pytest
from code_blocks import ELSEWHERE, PAGES, ROOT, Block, blocks

from pytest_rdsfailover.analysis.verdicts.bounds import KINDS
from pytest_rdsfailover.cli.main import _parser
from pytest_rdsfailover.plugin import fixtures, options
from pytest_rdsfailover.trial.options import TrialOptions
from pytest_rdsfailover.trial.repeats import Repetition

TYPED = re.compile(
    r"^(?: {4,}|\$ | +- run: )((?:rdsfailover|pytest|pip) (?:.*\\\n)*.*)", re.MULTILINE
)
PACKAGE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONS = {each.flag for each in options.OPTIONS}
INIS = {each.dest for each in options.OPTIONS} | {"addopts", "django_settings_module", "pythonpath"}
MARKERS = {re.match(r"\w+", each)[0] for each in fixtures.MARKERS}
CALLS = {"rds_trial", "rds_trials", "rds_load"}
OF_CALLS = {*TrialOptions.__annotations__, *inspect.signature(Repetition.__call__).parameters}


def ids(block):
    return f"{block.page}-{block.number}"


def read_ini(text):
    parser = configparser.ConfigParser()
    parser.read_string(text)
    assert set(parser["pytest"]) <= INIS


def read_yaml(text):
    pytest.importorskip("yaml").safe_load(text)


READERS = {"json": json.loads, "toml": tomllib.loads, "ini": read_ini, "yaml": read_yaml}


@pytest.mark.parametrize("block", [each for kind in READERS for each in blocks(kind)], ids=ids)
def test_a_file_in_the_documents_can_be_read(block):
    READERS[block.kind](block.code)


@pytest.mark.parametrize("block", blocks("python"), ids=ids)
def test_python_in_the_documents_calls_what_there_is(block):
    assert block.is_signature or unknown(block) == []


def unknown(block):
    """Return the arguments, bounds and markers in a block that we do not have."""
    called = [node for node in ast.walk(block.tree) if isinstance(node, ast.Call)]
    given = {
        (name, keyword.arg)
        for call in called
        for name in [name_of(call.func)]
        for keyword in call.keywords
        if name in CALLS | {"expect"} and keyword.arg
    }
    known = {"expect": {*KINDS, "confidence", "success", "served_within"}}
    return [
        *(
            argument
            for name, argument in sorted(given)
            if argument not in known.get(name, OF_CALLS)
        ),
        *(name for name in re.findall(r"mark\.(rds_\w+)", block.code) if name not in MARKERS),
    ]


def name_of(function):
    return getattr(function, "id", getattr(function, "attr", ""))


def test_planted_arguments_are_unknown():
    code = "@pytest.mark.rds_profil('x')\ndef test(): rds_trial(e, writer=3).expect(los=0, lost=0)"

    assert unknown(Block("page", 0, "python", code)) == ["los", "writer", "rds_profil"]


def test_what_is_said_to_run_code_of_the_documents_is_there():
    assert [path for path in ELSEWHERE.values() if not (ROOT / path).exists()] == []
    code = "\n".join(block.code for block in blocks("python"))
    assert [piece for piece in ELSEWHERE if piece not in code] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_in_the_documents_is_one(page):
    assert [line for line in typed(page.read_text()) if not can_be_typed(shlex.split(line))] == []


def typed(text):
    """Return the commands that a text has the reader type, each of several in a line."""
    lines = [re.sub(r"\\\n\s*", " ", line) for line in TYPED.findall(text)]
    return [
        part for line in lines for part in re.split(r" +(?:&&|\||#) *.*| +\.\.\..*", line) if part
    ]


def can_be_typed(words):
    """Tell whether a command, its options and its extras are there."""
    command, *arguments = words
    if command == "pytest":
        return {word.split("=")[0] for word in arguments if word.startswith("--rds-")} <= OPTIONS
    if command == "pip":
        extras = re.findall(r"pytest-rdsfailover\[(.*?)\]", " ".join(arguments))
        named = {extra for group in extras for extra in group.split(",")}
        return named <= set(PACKAGE["optional-dependencies"])
    try:
        return _parser().parse_known_args(arguments)[1] == []
    except SystemExit as ended:
        return ended.code == 0


@pytest.mark.parametrize(
    "line",
    [
        "pytest --rds-profil=x",
        "pip install 'pytest-rdsfailover[any]'",
        "rdsfailover upp",
        "rdsfailover up --x",
    ],
)
def test_a_planted_command_is_none(line):
    assert typed(f"Type:\n\n    {line}\n") == [line]
    assert not can_be_typed(shlex.split(line))
