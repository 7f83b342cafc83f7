"""Drivers that end TLS by a close_notify come, ask, and go; the next client is served."""

import asyncio
import os
import shutil
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import aiomysql
import pytest
from gateway_process import value
from plain_server import PASSWORD

pytestmark = [pytest.mark.local, pytest.mark.one_server]
PATIENCE = 20.0  # seconds that anybody waits for the gateway; it takes milliseconds
VISITORS = Path(__file__).parent / "visitors"
FETCHED = Path(__file__).parents[2] / ".servers"


@pytest.mark.parametrize("endpoint", ["cluster", "reader", "instance-2", "proxy", "proxy-reader"])
def test_aiomysql_closes_its_encrypted_connection(proxy, endpoint):
    async def visit():
        connection = await aiomysql.connect(
            host="127.0.0.1", port=proxy.ports[endpoint], user="app", password=PASSWORD, db="app",
            ssl=ssl.create_default_context(cafile=proxy.ca),
        )  # fmt: skip
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT 6 * 7")
            assert await cursor.fetchone() == (42,)
        writer = connection._writer
        await connection.ensure_closed()
        with suppress(OSError):  # a server that was told to quit need not end TLS, too
            await writer.wait_closed()

    async def visits():
        for _ in range(5):
            await asyncio.wait_for(visit(), PATIENCE)

    asyncio.run(visits())
    with proxy.connect(endpoint) as other:
        assert value(other, "SELECT 1") == 1


def java():
    jars = list((FETCHED / "java").glob("mysql-connector-j-*.jar"))
    if not jars or shutil.which("javac") is None:
        pytest.skip("NOT TESTED: no JDK, or no Connector/J: scripts/fetch-extras")
    return ["java", "-cp", str(jars[0]), str(VISITORS / "Visit.java")], {}


def node():
    if not (FETCHED / "node" / "node_modules" / "mysql2").exists() or not shutil.which("node"):
        pytest.skip("NOT TESTED: no Node, or no mysql2: scripts/fetch-extras")
    return ["node", str(VISITORS / "visit.js")], {
        "NODE_PATH": str(FETCHED / "node" / "node_modules")
    }


@pytest.mark.parametrize("endpoint", ["cluster", "proxy"])
@pytest.mark.parametrize("language", [java, node], ids=["Connector/J", "mysql2"])
def test_drivers_of_other_languages_come_and_go(proxy, endpoint, language):
    command, more = language()
    visit = subprocess.run(
        [*command, str(proxy.ports[endpoint]), PASSWORD],
        capture_output=True, text=True, timeout=3 * PATIENCE, check=False,
        env={**os.environ, **more},
    )  # fmt: skip
    assert visit.stdout.split() == ["42"] * 5, visit.stderr
    with proxy.connect(endpoint) as other:
        assert value(other, "SELECT 1") == 1
