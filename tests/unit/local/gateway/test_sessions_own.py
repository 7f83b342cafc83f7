"""What belongs to one session: its transaction, its temporary tables, its account, its kept link."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway.accounts import PLUGIN, Accounts
from pytest_rdsfailover.local.gateway.kept_links import KeptLinks
from pytest_rdsfailover.local.gateway.open_transaction import OpenTransaction
from pytest_rdsfailover.local.gateway.statement_kind import Does, kind
from pytest_rdsfailover.local.gateway.temporary_tables import TemporaryTables
from pytest_rdsfailover.mysql.statements import SqlDialect, statements


class Written:
    """A statement that remembers what became of it."""

    def __init__(self, name, does=Does.WRITES, marked=None):
        self.name, self.does, self.marked = name, does, marked
        self.keys, self.fate = [(0, ord(name))], []

    def write(self):
        self.fate.append("written")

    def commit(self):
        self.fate.append("committed")

    def lose(self):
        self.fate.append("lost")


def played(*steps, marked=None):
    """Play writes, named by small letters, questions, by capitals, and statements that end something."""
    prepared = {}
    transaction = OpenTransaction(SimpleNamespace(prepared=prepared))
    all_of_them = {}
    for step in steps:
        if len(step) == 1:
            does = Does.WRITES if step.islower() else Does.ASKS
            made = all_of_them[step] = Written(step, does, marked)
            transaction.write(made) if step.islower() else transaction.ask(made)
        elif step in ("lose", "settle"):
            getattr(transaction, step)()
        else:
            transaction.turn(kind(step.encode()))
    fates = {name: (made.fate or ["-"])[-1] for name, made in all_of_them.items()}
    return transaction, "".join(
        {"committed": name, "lost": "?", "written": ".", "-": ","}[fate]
        for name, fate in fates.items()
    )


@pytest.mark.parametrize(
    ("steps", "fates", "commits"),
    [
        (["a", "b"], "..", 0),
        (["a", "b", "COMMIT"], "ab", 1),
        (["a", "ROLLBACK", "COMMIT"], ".", 0),
        (["a", "COMMIT", "b", "COMMIT"], "ab", 2),
        (["COMMIT"], "", 0),
        (["A", "COMMIT"], "A", 0),
        (["a", "settle", "b"], "a.", 1),
        (["settle", "a"], ".", 0),
        (["a", "lose", "b", "COMMIT"], "?b", 1),
        (["a", "SAVEPOINT s", "b", "ROLLBACK TO s", "c", "COMMIT"], "a.c", 1),
        (["a", "SAVEPOINT s", "b", "ROLLBACK TO t", "COMMIT"], "ab", 1),
        (["SAVEPOINT s", "a", "COMMIT", "b", "ROLLBACK TO s", "COMMIT"], "ab", 2),
        (["a", "XA PREPARE 'x'", "b", "COMMIT"], ".b", 1),
        (["a", "XA PREPARE 'x'", "XA COMMIT 'x'"], "a", 1),
        (["a", "XA PREPARE 'x'", "XA COMMIT 'y'"], ".", 0),
        (["a", "XA PREPARE 'x'", "XA ROLLBACK 'x'", "XA COMMIT 'x'"], ".", 0),
        (["a", "SELECT 1", "COMMIT"], "a", 1),
    ],
)
def test_a_write_counts_once_its_transaction_is_committed(steps, fates, commits):
    transaction, found = played(*steps)
    assert (found, transaction.commits) == (fates, commits)


def test_a_transaction_of_a_load_is_counted_once_whatever_it_writes_and_not_if_it_only_asks():
    load = SimpleNamespace(commits=0)
    transaction, _ = played("a", "b", "C", marked=load)
    assert transaction.writes
    assert transaction.open_keys(load) == {(0, ord(name)) for name in "abC"}
    assert transaction.open_keys(None) == set()
    transaction.commit()
    assert (load.commits, transaction.writes, transaction.open_keys(load)) == (1, False, set())
    asking, _ = played("A", "COMMIT", marked=load)
    assert (load.commits, asking.writes) == (1, False)


@pytest.mark.parametrize(
    ("before", "sql", "holds"),
    [
        (["CREATE TEMPORARY TABLE t (a INT)"], "INSERT INTO t VALUES (1)", True),
        (
            ["CREATE TEMPORARY TABLE IF NOT EXISTS `T` (a INT)"],
            "replace low_priority t values (1)",
            True,
        ),
        (["create or replace temporary table d.t (a int)"], "UPDATE IGNORE t SET a = 1", True),
        (["CREATE TEMPORARY TABLE t (a INT)"], "/* a */ DELETE QUICK FROM d . `t`", True),
        (["CREATE TEMPORARY TABLE t (a INT)"], "LOAD DATA INFILE 'f' INTO TABLE t", True),
        (["CREATE TEMPORARY TABLE t (a INT)"], "INSERT INTO u SELECT * FROM t", False),
        (["CREATE TEMPORARY TABLE t (a INT)"], "SELECT * FROM t", False),
        (["CREATE TABLE t (a INT)"], "INSERT INTO t VALUES (1)", False),
        (["CREATE TEMPORARY TABLE t (a INT)", "DROP TABLE t"], "INSERT INTO t VALUES (1)", False),
        (
            ["CREATE TEMPORARY TABLE t (a INT)", "DROP TEMPORARY TABLE IF EXISTS t"],
            "INSERT t VALUES (1)",
            False,
        ),
        (["CREATE TEMPORARY TABLE t (a INT)", "DROP TABLE u"], "INSERT t VALUES (1)", True),
        ([], "INSERT INTO t VALUES (1)", False),
    ],
)
def test_a_sessions_own_table_is_told_from_one_that_lasts(before, sql, holds):
    tables = TemporaryTables()
    for each in before:
        tables.take(each.encode())
    assert tables.holds(sql.encode()) is holds
    tables.clear()
    assert not tables
    assert not tables.holds(sql.encode())


def changed(*texts):
    """Return the accounts of a cluster once statements were carried out in its own words."""
    accounts = Accounts()
    for sql in texts:
        (statement,) = statements(sql.encode(), SqlDialect())
        accounts.carried_out(b"\x03" + accounts.in_known_words(statement), SqlDialect())
    return accounts


BY_TOKEN = "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"


@pytest.mark.parametrize(
    ("texts", "users"),
    [
        ([f"CREATE USER app {BY_TOKEN}"], "app"),
        ([f"CREATE USER IF NOT EXISTS 'app'@'%' {BY_TOKEN}"], "app"),
        (["CREATE USER app IDENTIFIED WITH `awsauthenticationplugin`"], "app"),
        ([f"CREATE USER a {BY_TOKEN}, b IDENTIFIED BY 'x', c {BY_TOKEN}"], "a c"),
        (["CREATE USER app IDENTIFIED BY 'x'"], ""),
        ([f"CREATE USER app {BY_TOKEN}", "ALTER USER app IDENTIFIED BY 'x'"], ""),
        ([f"CREATE USER app {BY_TOKEN}", "ALTER USER app ACCOUNT LOCK"], "app"),
        ([f"CREATE USER app {BY_TOKEN}", "DROP USER app"], ""),
        ([f"CREATE USER app {BY_TOKEN}", "DROP USER IF EXISTS other"], "app"),
        ([f"CREATE USER app {BY_TOKEN}", "SELECT user FROM t"], "app"),
        (["ALTER USER app IDENTIFIED BY 'x'", f"ALTER USER app {BY_TOKEN}"], "app"),
        ([f'CREATE TABLE t (a INT COMMENT "{BY_TOKEN}")'], ""),
    ],
)
def test_who_logs_in_by_a_token_is_known_by_the_statements_that_said_so(texts, users):
    accounts = changed(*texts)

    assert (
        " ".join(name for name in ("app", "a", "b", "c") if accounts.by_token(name.encode()))
        == users
    )
    assert accounts.any_by_token is bool(users)


def test_the_list_of_users_shows_awss_plugin_in_place_of_a_password_that_nobody_knows():
    accounts = changed(f"CREATE USER app {BY_TOKEN}", f"CREATE USER b {BY_TOKEN}")
    accounts.columns = [b"User", b"plugin", b"Authentication_String"]
    ((name, table),) = accounts.tables(b"SELECT * FROM MySQL.user").items()

    assert name == (b"mysql", b"user")
    assert table == (
        b"(SELECT `User`, IF(User IN ('app', 'b'), '" + PLUGIN + b"', `plugin`) AS `plugin`,"
        b" IF(User IN ('app', 'b'), 'RDS', `Authentication_String`) AS `Authentication_String`"
        b" FROM mysql.user)"
    )
    assert accounts.tables(b"SELECT 1") == {}
    assert Accounts().tables(b"SELECT * FROM mysql.user") == {}


def test_what_a_restart_keeps_is_held_interrupted_and_renewed_while_its_client_is_there():
    class Link:
        def __init__(self, thread, *, busy, settled, ended=False):
            self.session = SimpleNamespace(thread_id=thread, busy=busy, settled=settled)
            self.ended, self.steps = ended, []

        def hold(self):
            self.steps.append("held")

        def renew(self, names):
            self.steps.append(names)

    links = [
        Link(1, busy=True, settled=False), Link(2, busy=False, settled=True),
        Link(None, busy=True, settled=True), Link(4, busy=True, settled=False, ended=True),
    ]  # fmt: skip
    kept = KeptLinks(links, (b"a",), {9})
    assert (kept.busy, kept.settled, kept.lost) == ({1}, False, {9})
    links[0].session.settled = True
    assert kept.settled
    kept.renew()
    assert [link.steps for link in links] == [*[["held", (b"a",)]] * 3, ["held"]]
