"""A running server by URL is left exactly as it was found."""

from urllib.parse import quote

import pytest
from running_server import inventory, url

from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.server import accounts
from pytest_rdsfailover.local.server.accounts import Account, ServerError
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.local.server.server import start_server
from pytest_rdsfailover.local.server.url_server import UrlServer
from pytest_rdsfailover.model.errors import SettingError

pytestmark = [pytest.mark.local, pytest.mark.contract("local/server")]

GRANT_ALL_BUT_KILL = (
    "GRANT CREATE USER, SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER, REFERENCES,"
    " CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE,"
    " ALTER ROUTINE, EVENT, TRIGGER ON *.* TO 'maker'@'%' WITH GRANT OPTION"
)


def test_only_a_database_and_a_user_of_our_own_come_and_go(running, supervisor):
    before = inventory(running)
    with start_server(find_server(running.url), supervisor) as server:
        during = inventory(running)
        with accounts.session(server.address, server.application) as connection:
            accounts.run(connection, ["CREATE TABLE mine (n INT PRIMARY KEY)"])
            server.check()
    name = server.application.database

    assert {entry for entry in during - before if entry[0] == "database"} == {("database", name)}
    assert {entry[1] for entry in during - before if entry[0] == "grant"} == {name}
    assert before <= during
    assert inventory(running) == before


def test_sessions_and_open_transactions_of_ours_do_not_hold_up_the_end(running, supervisor):
    before = inventory(running)
    server = UrlServer(find_server(running.url), supervisor)
    with accounts.session(server.address, server.application) as connection:
        accounts.run(
            connection,
            ["CREATE TABLE held (n INT PRIMARY KEY)", "BEGIN", "INSERT INTO held VALUES (1)"],
        )
        server.close()

    assert inventory(running) == before


def test_an_anonymous_user_that_comes_before_ours_is_named(running, supervisor):
    before, boss = inventory(running), Account(user="boss", password="Of-1-host")
    shadows = [f"''@'{host}'" for host in ("localhost", "127.0.0.1")]
    with accounts.session(running.address, running.admin) as connection:
        accounts.run(connection, [
            f"CREATE USER boss@'127.0.0.1' IDENTIFIED BY '{boss.password}'",
            "GRANT ALL PRIVILEGES ON *.* TO boss@'127.0.0.1' WITH GRANT OPTION",
            *(f"CREATE USER {shadow} IDENTIFIED BY 'nobody knows'" for shadow in shadows),
        ])  # fmt: skip
        try:
            with pytest.raises(SettingError, match="1045") as caught:
                UrlServer(find_server(url(boss, running.number)), supervisor)
        finally:
            accounts.run(
                connection, [f"DROP USER {name}" for name in (*shadows, "boss@'127.0.0.1'")]
            )

    assert str(caught.value).endswith("(DROP USER ''@'localhost')")
    assert inventory(running) == before


def test_an_error_in_the_block_leaves_the_server_as_it_was(running, supervisor):
    before = inventory(running)
    with pytest.raises(ZeroDivisionError), UrlServer(find_server(running.url), supervisor):
        raise ZeroDivisionError

    assert inventory(running) == before


def test_our_user_sees_nothing_of_the_others(running, supervisor):
    with UrlServer(find_server(running.url), supervisor) as server:
        ours = accounts.session(server.address, server.application)
        with pytest.raises(ServerError, match="denied"), ours as connection:
            accounts.run(connection, ["SELECT * FROM shop.orders"])


def test_an_account_that_may_not_create_is_refused_in_the_servers_words(running, supervisor):
    before = inventory(running)
    weak = Account(user="shop", password="Their-1-own")

    with pytest.raises(SettingError, match="denied") as caught:
        UrlServer(find_server(url(weak, running.number)), supervisor)

    assert "Their-1-own" not in str(caught.value)
    assert inventory(running) == before


def test_an_account_that_may_not_end_sessions_is_refused_and_nothing_stays(running, supervisor):
    """It may create, grant and drop, but could not fail anything over."""
    with accounts.session(running.address, running.admin) as admin:
        accounts.run(
            admin,
            [
                "CREATE USER 'maker'@'%' IDENTIFIED BY 'Makes-1-all'",
                GRANT_ALL_BUT_KILL,
            ],
        )
    before = inventory(running)
    maker = Account(user="maker", password="Makes-1-all")

    with pytest.raises(SettingError, match=r"not owner of thread|denied"):
        UrlServer(find_server(url(maker, running.number)), supervisor)

    assert inventory(running) == before


def test_an_account_that_may_create_databases_only_is_refused_and_nothing_stays(
    running, supervisor
):
    with accounts.session(running.address, running.admin) as admin:
        accounts.run(
            admin,
            [
                "CREATE USER 'builder'@'%' IDENTIFIED BY 'Builds-1-all'",
                "GRANT CREATE, DROP, SELECT ON *.* TO 'builder'@'%'",
            ],
        )
    before = inventory(running)
    builder = Account(user="builder", password="Builds-1-all")

    with pytest.raises(SettingError, match="denied"):
        UrlServer(find_server(url(builder, running.number)), supervisor)

    assert inventory(running) == before


def test_a_server_that_takes_no_writes_is_refused_at_once(running, supervisor):
    before = inventory(running)
    with accounts.session(running.address, running.admin) as admin:
        accounts.run(admin, ["SET GLOBAL read_only = 1"])
        try:
            with pytest.raises(SettingError, match="cannot be used: it is read-only"):
                UrlServer(find_server(running.url), supervisor)
        finally:
            accounts.run(admin, ["SET GLOBAL read_only = 0"])
    assert inventory(running) == before


def test_a_wrong_password_is_refused_without_being_told(running, supervisor):
    wrong = Account(user=running.admin.user, password="Hush-4711")

    with pytest.raises(SettingError, match="denied") as caught:
        UrlServer(find_server(url(wrong, running.number)), supervisor)

    assert "Hush-4711" not in str(caught.value)


def test_a_server_that_is_not_there_is_refused(supervisor):
    with reserve_port() as port, pytest.raises(SettingError, match="cannot be used: root at") as e:
        UrlServer(find_server(f"mysql://root:x@127.0.0.1:{port}"), supervisor)

    assert f"127.0.0.1:{port}" in str(e.value)


def test_a_server_can_be_reached_by_its_unix_socket(running, supervisor):
    account = running.admin
    named = f"mysql://{account.user}:{quote(account.password, safe='')}@localhost"

    with UrlServer(find_server(f"{named}?socket={running.address.socket}"), supervisor) as server:
        assert running.address.socket in server.about


def test_the_header_names_the_server_by_its_version_and_place(running, server_program, supervisor):
    with UrlServer(find_server(running.url), supervisor) as server:
        assert server_program.version in server.about
        assert f"127.0.0.1:{running.number}" in server.about
        assert running.admin.password not in server.about
