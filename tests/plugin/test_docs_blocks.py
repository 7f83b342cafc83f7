"""Python in the documents runs: what no example has is run here, all of it by one pytest."""

import ast
import builtins
import textwrap

import pytest
from code_blocks import Block, blocks
from finished import ALWAYS_FIT, QUICK
from fitness import fit, unfit_line

# What pages take for granted: an application, and functions of one.
CONFTEST = '''
import threading
import urllib.parse

import pymysql
import pytest


class Orders:
    """Keeps a connection for each of its workers until it meets an error."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.where = {
            "host": parts.hostname, "port": parts.port, "user": parts.username, "ssl_disabled": True,
            "password": urllib.parse.unquote(parts.password), "database": parts.path.strip("/"),
        }
        self.worker = threading.local()

    def run(self, sql, *values):
        try:
            if getattr(self.worker, "connection", None) is None:
                self.worker.connection = pymysql.connect(**self.where, autocommit=True)
            with self.worker.connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()
        except pymysql.err.MySQLError:
            self.worker.connection = None
            raise

    def place(self, key):
        self.run("INSERT INTO orders VALUES (%s)", key)

    def show(self, key):
        return self.run("SELECT ref FROM orders WHERE ref = %s", key)[0][0]

    def references(self):
        return [key for (key,) in self.run("SELECT ref FROM orders")]

    def place_order(self, reference):
        self.place(reference)

    all_references = references


@pytest.fixture(autouse=True)
def table(rds_cluster):
    orders = Orders(rds_cluster.writer_endpoint.url())
    orders.run("CREATE TABLE orders (ref VARCHAR(64))")
    yield
    Orders(rds_cluster.writer_endpoint.url()).run("DROP TABLE orders")


@pytest.fixture
def endpoint(rds_cluster):
    return rds_cluster.writer_endpoint


@pytest.fixture
def orders(endpoint):
    return Orders(endpoint.url())


@pytest.fixture
def proxied_orders(rds_cluster):
    return Orders(rds_cluster.proxy_endpoint.url())


@pytest.fixture
def shop(request):
    by_proxy = request.module.__name__.startswith("test_proxy_")
    return request.getfixturevalue("proxied_orders" if by_proxy else "orders")


@pytest.fixture
def write(orders):
    return lambda key: orders.place(key)


place_order = cancel_order = write


@pytest.fixture
def read_back(orders):
    return orders.references


@pytest.fixture
def list_orders(orders):
    return lambda: orders.references()


@pytest.fixture
def insert():
    def insert(connection, key):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO orders VALUES (%s)", (key,))
        connection.commit()

    return insert
'''
PRELUDE = """\
import os, ssl, subprocess, time
import pymysql, pytest
from conftest import Orders as OrderService
try:
    import sqlalchemy
except ImportError:
    sqlalchemy = None
"""
HELD = {"os", "ssl", "subprocess", "time", "pymysql", "pytest", *dir(builtins)}


def is_run_here(block):
    """Tell whether no example, no other test and no other way runs a block."""
    known = block.is_signature or block.is_in_an_example or block.elsewhere
    return not known and block.page != "tutorial"


def module(block):
    """Return a file of tests of a block: what it makes, or a test that does what it does."""
    made = [node for node in block.tree.body if isinstance(node, ast.FunctionDef)]
    if not made:
        asked = ", ".join(free_names(block.tree))
        return f"{PRELUDE}def test_it({asked}):\n{textwrap.indent(block.code, '    ')}"
    fixtures = [node.name for node in made if "fixture" in ast.unparse(node.decorator_list)]
    asks = f"\ndef test_fixtures({', '.join(fixtures)}): pass\n" if fixtures else ""
    return PRELUDE + block.code + asks


def free_names(tree):
    """Return the names that code uses and does not make."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)} | HELD
    made |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return sorted({node.id for node in names} - made)


@pytest.mark.long
@pytest.mark.one_server
def test_every_block_that_no_example_has_runs(project):
    found = [block for block in blocks("python") if is_run_here(block)]
    for block in found:
        name = f"test_{block.page.replace('-', '_').lower()}_{block.number}.py"
        project.path.joinpath(name).write_text(module(block))
    worker = project.path / "worker"
    worker.write_text('#!/bin/sh\ntest -n "$DB_HOST"\n')
    worker.chmod(0o755)
    project.makeconftest(ALWAYS_FIT + CONFTEST)
    project.makeini(f"{QUICK}pythonpath = .\n")

    result = fit(lambda: project.runpytest_subprocess("--lf"), unfit_line)  # what has passed, has

    assert result.ret == 0
    assert len(found) > 20


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("trial = rds_trial(endpoint)\n", "def test_it(endpoint, rds_trial):"),
        ("@pytest.fixture\ndef orders(): return 1\n", "def test_fixtures(orders): pass"),
        ("def test_own(orders): pass\n", "def test_own(orders): pass"),
    ],
)
def test_a_block_becomes_tests_that_do_what_it_says(code, line):
    assert line in module(Block("page", 0, "python", code)).splitlines()
