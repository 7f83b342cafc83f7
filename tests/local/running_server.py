"""A server that somebody else runs and uses, known by its URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.server import accounts
from pytest_rdsfailover.local.server.accounts import Account
from pytest_rdsfailover.local.server.server import OwnServer


@contextmanager
def running_server(server_program, supervisor) -> Iterator[OwnServer]:
    """Run a server with a database, a user and a grant of somebody else's; and its URL."""
    with reserve_port() as port, OwnServer(server_program, supervisor, port=port) as server:
        with accounts.session(server.address, server.admin) as admin:
            accounts.drop(admin, server.application)  # it would be nobody's
            accounts.create(admin, Account(user="shop", password="Their-1-own", database="shop"))
            accounts.run(
                admin,
                [
                    "CREATE TABLE shop.orders (n INT PRIMARY KEY)",
                    "INSERT INTO shop.orders VALUES (1)",
                ],
            )
        server.url = url(server.admin, port)
        server.number = port
        yield server


def url(account, port, query=""):
    return f"mysql://{account.user}:{quote(account.password, safe='')}@127.0.0.1:{port}{query}"


def inventory(server):
    """Return all databases, tables, users and grants of a server."""
    with accounts.session(server.address, server.admin) as admin, admin.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        found = {("database", name) for (name,) in cursor.fetchall()}
        cursor.execute("SELECT table_schema, table_name FROM information_schema.tables")
        found |= {("table", *row) for row in cursor.fetchall()}
        cursor.execute("SELECT user, host FROM mysql.user")
        for user, host in cursor.fetchall():
            cursor.execute("SHOW GRANTS FOR %s@%s", (user, host))
            found |= {("grant", user, host, row[0]) for row in cursor.fetchall()}
        cursor.execute("SELECT * FROM shop.orders")
        found |= {("row", *row) for row in cursor.fetchall()}
    return found
