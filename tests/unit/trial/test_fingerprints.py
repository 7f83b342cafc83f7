"""The same code has the same fingerprint in another process, and other code has another."""

import functools
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.trial.fingerprints import UNKNOWN, fingerprint

ENDPOINT = Endpoint(
    name="cluster", kind="writer", host="h", port=4711, user="u", password="s3cret", database="d"
)
OPTION = "lambda key: key"
BASE = "def option(key): return write(key)\ndef write(key): return key\nLIMIT = 3\n"


def load(path, source):
    """Return what a module calls `option`; it is made as a test's module is, from a file."""
    path.write_text(source)
    names = {"__name__": "test_it"}
    exec(compile(source, str(path), "exec"), names)
    return names["option"]


@pytest.fixture
def of(tmp_path):
    """Return the fingerprint of what a source calls `option`."""
    return lambda source, endpoint=ENDPOINT: fingerprint(
        load(tmp_path / "test_it.py", textwrap.dedent(source)), endpoint
    )


SAME = {
    "again": (BASE, BASE),
    "elsewhere in its file": (BASE, f"import os\n\n{BASE}"),
    "another function of the file": (BASE, f"{BASE}def other(): return 5\n"),
    "an object": ("class Shop: pass\nshop = Shop()\noption = lambda key: shop.buy(key)",) * 2,
    "a temporary folder": (
        "def of(path): return lambda key: (path, key)\noption = of('/tmp/pytest-of-a/pytest-1/x')",
        "def of(path): return lambda key: (path, key)\noption = of('/tmp/pytest-of-a/pytest-22/x')",
    ),
    "a set": ("option = {'a', 'b', 'c'}", "option = {'c', 'b', 'a'}"),
    "what lies deeper than anybody looks": (f"option = {'[' * 9}1{']' * 9}", f"option = {'[' * 9}2{']' * 9}"),
}  # fmt: skip
OTHER = {
    "its code": (BASE, BASE.replace("return write(key)", "return write(key) or 1")),
    "a constant of its code": ("option = lambda key: 1", "option = lambda key: 2"),
    "code in its code": (
        "option = lambda key: [k + 1 for k in key]", "option = lambda key: [k + 2 for k in key]",
    ),
    "what it calls": (BASE, BASE.replace("return key\n", "return key + 'x'\n")),
    "what that calls": (
        "def deep(k): return 1\ndef write(k): return deep(k)\ndef option(k): return write(k)",
        "def deep(k): return 2\ndef write(k): return deep(k)\ndef option(k): return write(k)",
    ),
    "a number of its file": (
        "LIMIT = 3\noption = lambda key: LIMIT", "LIMIT = 4\noption = lambda key: LIMIT",
    ),
    "what it closes over": (
        "def of(n): return lambda key: n\noption = of(1)",
        "def of(n): return lambda key: n\noption = of(2)",
    ),
    "a default": ("def option(key, n=1): return n", "def option(key, n=2): return n"),
    "a keyword's default": ("def option(key, *, n=1): return n", "def option(key, *, n=2): return n"),
    "an argument of a partial": (
        f"import functools\n{BASE}option = functools.partial(option, 1)",
        f"import functools\n{BASE}option = functools.partial(option, 2)",
    ),
    "the object that it is": (
        "class W:\n  def __init__(self, n): self.n = n\n  def __call__(self, key): return key\noption = W(1)",
        "class W:\n  def __init__(self, n): self.n = n\n  def __call__(self, key): return key\noption = W(2)",
    ),
    "the method that it is": (
        "class W:\n  def write(self, key): return 1\noption = W().write",
        "class W:\n  def write(self, key): return 2\noption = W().write",
    ),
    "a weight": (f"{BASE}option = {{option: 1, write: 3}}", f"{BASE}option = {{option: 1, write: 4}}"),
    "which of two lambdas": ("option = lambda key: key", "option = lambda key: key.upper()"),
    "what it wraps": (
        "import functools\n@functools.lru_cache\ndef option(key): return 1",
        "import functools\n@functools.lru_cache\ndef option(key): return 2",
    ),
    "a name": ("option = 'write'", "option = 'read'"),
    "yes and no": ("option = None", "option = 1"),
    "what lies deep": (f"option = {'[' * 8}1{']' * 8}", f"option = {'[' * 8}2{']' * 8}"),
    "a member of a set": ("option = {'a', 'b'}", "option = {'a', 'c'}"),
    "the method that it calls": ("option = lambda key: key.upper()", "option = lambda key: key.lower()"),
    "which function comes again": (
        "f = lambda k: 1\ng = lambda k: 2\noption = [f, g, f]",
        "f = lambda k: 1\ng = lambda k: 2\noption = [f, g, g]",
    ),
    "bytes of its file": (
        "SALT = b'a'\noption = lambda key: SALT", "SALT = b'b'\noption = lambda key: SALT",
    ),
    "bytes": ("option = b'a'", "option = b'b'"),
    "which function of a package": ("from json import dumps as option", "from json import loads as option"),
    "which builtin": ("option = len", "option = max"),
    "which class": ("class A: pass\noption = A", "class B: pass\noption = B"),
    "the class of an object": ("class A: pass\noption = A()", "class B: pass\noption = B()"),
    "a field of a record": (
        "from dataclasses import make_dataclass\noption = make_dataclass('R', ['n'])(1)",
        "from dataclasses import make_dataclass\noption = make_dataclass('R', ['n'])(2)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("one", "again"), SAME.values(), ids=SAME)
def test_what_is_the_same_has_one_fingerprint(of, one, again):
    assert of(one) == of(again)


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_what_is_another_has_another(of, one, other):
    assert of(one) != of(other)


def test_the_port_and_the_password_of_a_run_are_no_part_of_it(of):
    source = "def of(url, port): return lambda key: (url, port)\noption = of({!r}, {})\n"
    one = of(source.format("mysql://u:s3cret@h:4711/d", 4711))
    again = of(
        source.format("mysql://u:0ther@h:5822/d", 5822),
        replace(ENDPOINT, password="0ther", port=5822),
    )
    another = of(source.format("mysql://u:s3cret@elsewhere:4711/d", 4711))

    assert one == again
    assert one != another


def test_another_endpoint_is_told_by_its_name_as_its_port_differs_from_run_to_run():
    reader = replace(ENDPOINT, name="reader", port=4712)

    assert fingerprint(reader, ENDPOINT) == fingerprint(
        replace(reader, port=5823, password="0ther"), ENDPOINT
    )
    assert fingerprint(reader, ENDPOINT) != fingerprint(replace(reader, name="proxy"), ENDPOINT)


def test_a_function_without_a_source_is_never_the_same():
    names = {}
    exec("def option(key): return key", names)

    assert fingerprint(names["option"], ENDPOINT).startswith(UNKNOWN)
    partial = functools.partial(names["option"], 1)
    assert fingerprint(partial, ENDPOINT) != fingerprint(partial, ENDPOINT)


def test_functions_that_call_each_other_come_to_an_end(of):
    source = "def option(key): return other(key)\ndef other(key): return option(key)\n"

    assert of(source) == of(source)
    assert of("option = []\noption.append(option)\n") != ""


def test_another_process_gets_the_same(tmp_path, of):
    source = f"{BASE}option = {{option: 1, write: 3, frozenset('abcdef'): len}}\n"
    script = (
        "import sys; from pathlib import Path\n"
        f"sys.path.append({str(tmp_path)!r})\n"
        "from pytest_rdsfailover.model.endpoints import Endpoint\n"
        "from pytest_rdsfailover.trial.fingerprints import fingerprint\n"
        "import test_it\n"
        f"print(fingerprint(test_it.option, Endpoint(name='cluster', kind='writer', host='h',"
        " port=4711, user='u', password='x', database='d')))"
    )
    here = of(source)
    there = subprocess.run(
        [sys.executable, "-c", script], text=True, capture_output=True, check=True
    )

    assert there.stdout.strip() == here
