"""Query attributes hurt no statement at any endpoint, and reach a server that takes them."""

import mysql.connector
import pytest
from plain_server import PASSWORD

pytestmark = pytest.mark.local
ENDPOINTS = ("cluster", "reader", "proxy", "proxy-reader")
ATTRIBUTES = {
    "none": {}, "one": {"i": 5}, "empty": {"text": ""}, "nothing": {"nothing": None}, "unicode": {"ключ": "日本語"},
    "many": {f"a{number}": number for number in range(300)}, "long": {"long": "x" * 70_000},
}  # fmt: skip


@pytest.fixture(params=["C", "pure"])
def connect(request, proxy):
    """Return what connects mysql-connector-python to an endpoint."""

    def to(endpoint):
        return mysql.connector.connect(
            host="127.0.0.1", port=proxy.ports[endpoint], user="app", password=PASSWORD,
            database="app", use_pure=request.param == "pure",
        )  # fmt: skip

    return to


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_statements_with_attributes_are_answered_as_without(connect, endpoint):
    with connect(endpoint) as connection, connection.cursor(prepared=True) as prepared:
        # What the pure one sends for None is malformed, as the server says itself.
        pure = isinstance(connection, mysql.connector.MySQLConnection)
        for attributes in [
            *(each for each in ATTRIBUTES.values() if not (pure and None in each.values())),
            {},
        ]:
            with connection.cursor() as cursor:
                for name, value in attributes.items():
                    cursor.add_attribute(name, value)
                cursor.execute("SELECT 7, NULL, 'z'")
                assert cursor.fetchall() == [(7, None, "z")]
                prepared.execute("SELECT ? + 0, ?, ?", (7, None, "z"))
                assert prepared.fetchall() == [(7, None, "z")]
                cursor.clear_attributes()


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_attributes_reach_a_server_that_takes_them_and_end_at_the_proxy(
    connect, endpoint, plain_server
):
    if plain_server.flavour != "mysql":
        pytest.skip("MariaDB has no query attributes")
    plain_server.run("INSTALL COMPONENT 'file://component_query_attributes'")
    try:
        with connect(endpoint) as connection:
            for prepared in (False, True, True):
                with connection.cursor(prepared=prepared) as cursor:
                    cursor.add_attribute("i", "five")
                    cursor.execute("SELECT mysql_query_attribute_string('i')")
                    assert cursor.fetchall() == [(None if "proxy" in endpoint else "five",)]
                    cursor.clear_attributes()
    finally:
        plain_server.run("UNINSTALL COMPONENT 'file://component_query_attributes'")
