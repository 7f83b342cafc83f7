"""A server of our own: ready, private, and mortal."""

import contextlib
import hashlib
import os
import signal
from pathlib import Path

import marked
import pymysql
import pytest
from waiting import until

from pytest_rdsfailover.local.backend import _recovers
from pytest_rdsfailover.local.processes.cache import cache_directory
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.server import accounts, dialects
from pytest_rdsfailover.local.server import server as server_module
from pytest_rdsfailover.local.server import template as template_module
from pytest_rdsfailover.local.server.accounts import Account, ServerError
from pytest_rdsfailover.local.server.server import OwnServer, start_server
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.errors import CommandError, DiedError, NotReadyError, SettingError
from pytest_rdsfailover.mysql import driver

pytestmark = [pytest.mark.local, pytest.mark.contract("local/server")]
WANTS_PUBLIC_KEY = b"\x02"  # what a client sends when its digest was not enough
SHORT = Bounds(connect=0.2, read=0.3, write=0.3)


@pytest.fixture(scope="module")
def own_server(server_program, supervisor):
    with start_server(server_program, supervisor) as server:
        yield server


def ask(server, statement, account=None, **more):
    account = account or server.application
    with (
        accounts.session(server.address, account, **more) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        return cursor.fetchall()


def test_the_application_can_write_to_its_database(own_server):
    ask(own_server, "CREATE TABLE words (word VARCHAR(20) PRIMARY KEY)")
    ask(own_server, "INSERT INTO words VALUES ('Grüße')")

    assert ask(own_server, "SELECT * FROM words") == (("Grüße",),)


def test_the_header_names_the_server_and_its_version(own_server, server_program):
    (version,) = ask(own_server, "SELECT VERSION()")[0]

    assert server_program.version in version
    assert (
        own_server.about
        == f"{server_program.dialect.name} {server_program.version} ({server_program.path})"
    )


def test_the_application_has_rights_in_its_own_database_only(own_server):
    with pytest.raises(ServerError, match="denied"):
        ask(own_server, "CREATE DATABASE other")
    with pytest.raises(ServerError, match="denied"):
        ask(own_server, "SELECT user FROM mysql.db")


def test_no_account_can_log_in_without_a_password(own_server):
    with pytest.raises(ServerError, match="denied"):
        ask(own_server, "SELECT 1", Account(user="root", password=""))
    rows = ask(own_server, "SELECT user, authentication_string FROM mysql.user", own_server.admin)
    ours = {own_server.admin.user, own_server.application.user}

    assert ours <= {user for user, _ in rows}
    assert {user for user, _ in rows} - ours <= {
        "mariadb.sys",  # locked, as are these of MySQL
        "mysql.infoschema",
        "mysql.session",
        "mysql.sys",
    }


def test_the_administrator_can_end_sessions_of_the_application(own_server):
    with accounts.session(own_server.address, own_server.application) as victim:
        with accounts.session(own_server.address, own_server.admin) as admin:
            accounts.kill(admin, victim.thread_id())
            accounts.kill(admin, victim.thread_id())  # gone by now: not worth an error

        with pytest.raises(ServerError), accounts.session(own_server.address, own_server.admin):
            accounts.run(victim, ["SELECT 1"])


def test_it_promises_durability_and_keeps_local_time_out(own_server):
    rows = ask(
        own_server,
        "SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@local_infile, @@time_zone,"
        " @@max_connections, @@skip_networking",
    )

    assert rows == ((1, 0, 1, "+00:00", 2000, 1),)


def test_passwords_are_in_no_argument_environment_or_file(own_server):
    directory = Path(own_server.address.socket).parent
    about = Path(f"/proc/{own_server.process.pid}")
    seen = [(about / name).read_bytes() for name in ("cmdline", "environ")]
    seen += [path.read_bytes() for path in directory.parent.rglob("*") if path.is_file()]

    for account in (own_server.admin, own_server.application):
        assert not any(account.password.encode() in text for text in seen)
        assert account.password not in repr(account) + repr(own_server) + repr(vars(own_server))
    assert len(seen) > 10


def test_credentials_are_new_each_time(own_server, server_program, supervisor):
    with OwnServer(server_program, supervisor) as other:
        assert other.application.user != own_server.application.user
        assert other.application.password != own_server.application.password
        assert ask(other, "SELECT 1") == ((1,),)


def test_a_refused_password_is_not_told(own_server):
    wrong = Account(user=own_server.application.user, password="Hush-4711")

    with pytest.raises(ServerError) as caught:
        ask(own_server, "SELECT 1", wrong)

    assert "Hush-4711" not in str(caught.value)
    assert own_server.application.user in str(caught.value)


def test_a_frozen_server_is_silent_and_goes_on_when_thawed(own_server):
    own_server.process.freeze()
    try:
        with pytest.raises(ServerError):
            ask(own_server, "SELECT 1", bounds=SHORT)
    finally:
        own_server.process.thaw()

    own_server.check()
    assert ask(own_server, "SELECT 1") == ((1,),)


def test_a_killed_server_is_an_error_and_keeps_its_rows_when_restarted(server_program, supervisor):
    with OwnServer(server_program, supervisor) as server:
        ask(server, "CREATE TABLE kept (n INT PRIMARY KEY)")
        ask(server, "INSERT INTO kept VALUES (1)")
        server.process.kill()
        with pytest.raises(DiedError, match="SIGKILL"):
            server.check()

        server.restart()

        server.check()
        assert ask(server, "SELECT * FROM kept") == ((1,),)
        first = server.process
        server.restart()  # also of one that runs
        assert (first.fate, server.process.alive) == ("ended by SIGKILL", True)
        assert ask(server, "SELECT * FROM kept") == ((1,),)


def test_closing_leaves_no_process_and_no_data(server_program, supervisor):
    server = OwnServer(server_program, supervisor)
    directory = Path(server.address.socket).parent
    server.close()
    server.close()

    assert not server.process.alive
    assert not directory.exists()


def test_a_server_that_cannot_start_shows_its_log(server_program, supervisor, monkeypatch):
    monkeypatch.setattr(dialects, "COMMON", (*dialects.COMMON, "--no-such-option=1"))

    with pytest.raises(NotReadyError, match="no-such-option"):
        OwnServer(server_program, supervisor)


@pytest.fixture
def started(supervisor, monkeypatch):
    """Return the list of the programs that are started from now on."""
    started, spawn = [], supervisor.spawn

    def noted(*arguments, **options):
        started.append(spawn(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(supervisor, "spawn", noted)
    return started


def refuse(*_):
    raise ServerError("nobody may enter")


@pytest.mark.parametrize(
    ("of", "name", "broken", "why"),
    [(server_module, "PATIENCE", 0.0, "was not ready"), (accounts, "prime", refuse, "nobody may enter")],
    ids=["listens too late", "lets nobody in"],
)  # fmt: skip
def test_a_server_that_is_not_ready_in_time_is_ended(
    server_program, supervisor, started, monkeypatch, of, name, broken, why
):
    monkeypatch.setattr(of, name, broken)
    with pytest.raises(NotReadyError, match=why):
        OwnServer(server_program, supervisor)

    until(lambda: not started[-1].alive)
    assert started[-1].fate == "ended by SIGKILL"


def test_a_data_directory_that_cannot_be_made_shows_why_and_is_not_kept(
    server_program, supervisor, monkeypatch, tmp_path
):
    monkeypatch.setattr(template_module, "COMMON", ("--no-such-option=1",))

    with pytest.raises(CommandError):
        OwnServer(server_program, supervisor, environ={"XDG_CACHE_HOME": str(tmp_path)})

    assert [path for path in tmp_path.rglob("*-1*") if path.is_dir()] == []


def test_a_path_too_long_for_a_socket_is_refused_before_anything_starts(
    server_program, supervisor, monkeypatch
):
    monkeypatch.setattr(server_module, "LONGEST_SOCKET_PATH", 20)

    with pytest.raises(SettingError, match="TMPDIR"):
        OwnServer(server_program, supervisor)


def test_clients_without_tls_log_in_by_digest_at_once(server_program, supervisor, monkeypatch):
    """MySQL 8 and later want more than a digest from an account that they have not seen yet."""
    sent = []
    real = pymysql._auth._roundtrip
    monkeypatch.setattr(
        pymysql._auth, "_roundtrip", lambda where, data: sent.append(data) or real(where, data)
    )
    with reserve_port() as port, OwnServer(server_program, supervisor, port=port) as server:
        for _ in range(3):
            where = Endpoint(
                name="direct", kind="instance", host="127.0.0.1", port=port,
                user=server.application.user, password=server.application.password,
                database=server.application.database,
            )  # fmt: skip
            with driver.connect(where) as connection:
                connection.ping()

    assert WANTS_PUBLIC_KEY not in sent


BUILD = """
from pytest_rdsfailover.local.server import template
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.local.server.template import Source
real = template._make
def make(*arguments):
    os.write(os.open(os.environ["COUNT"], os.O_APPEND | os.O_WRONLY | os.O_CREAT), b"x")
    real(*arguments)
template._make = make
copy, left = template._copy_sparse, int(os.environ.get("DIES_AT", 0))
def dying(*arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return copy(*arguments)
template._copy_sparse = dying
found = find_server(None)
source = Source(program=found.path, dialect=found.dialect, version=found.version)
with Supervisor() as supervisor:
    print(template.template(source, Path(os.environ["CACHE"]), supervisor), flush=True)
"""


@pytest.mark.one_server  # who waits for whom is no matter of the server's
def test_a_template_wanted_by_eight_processes_at_once_is_made_once(server_program, tmp_path):
    count = tmp_path / "count"
    environ = {"RDS_SERVER": str(server_program.path), "COUNT": str(count), "CACHE": str(tmp_path)}
    with contextlib.ExitStack() as stack:
        owners = [stack.enter_context(marked.owner(BUILD, **environ)) for _ in range(8)]
        paths = {owner.line() for owner in owners}

    assert len(paths) == 1
    assert count.read_text() == "x"


@pytest.mark.one_server  # what stands half-made, and is left out, is no matter of the server's
def test_a_half_made_template_of_a_killed_process_is_never_used(server_program, tmp_path):
    count = tmp_path / "count"
    environ = {"RDS_SERVER": str(server_program.path), "COUNT": str(count), "CACHE": str(tmp_path)}
    with marked.owner(BUILD, **environ) as owner:
        until(count.exists)  # the server fills the directory, which takes long
        owner.kill()
        assert owner.left() == []
    for file in (1, 20):
        with marked.owner(BUILD, DIES_AT=str(file), **environ) as owner:
            assert owner.popen.wait(marked.PATIENCE) == -signal.SIGKILL
            assert len(list(tmp_path.glob("*.partial-*"))) == 1
            assert owner.left() == []
    with marked.owner(BUILD, **environ) as owner:
        ready = Path(owner.line())

    assert (ready / "mysql").is_dir()
    assert count.read_text() == "xxxx"


@pytest.mark.one_server
def test_what_a_killed_process_left_half_made_is_removed(server_program, supervisor, tmp_path):
    cache = cache_directory({"XDG_CACHE_HOME": str(tmp_path)})
    planted = cache / f"{server_key(server_program)}.partial-1"
    planted.mkdir()

    with OwnServer(server_program, supervisor, environ={"XDG_CACHE_HOME": str(tmp_path)}):
        pass

    assert sorted(path.name for path in cache.iterdir() if path.is_dir()) == [
        server_key(server_program)
    ]


def server_key(program):
    return template_module.Source(
        program=program.path, dialect=program.dialect, version=program.version
    ).key


def test_a_template_is_small_and_stays_as_it_was_made(server_program, supervisor):
    with OwnServer(server_program, supervisor):
        pass  # now it is there
    ready = cache_directory(os.environ) / server_key(server_program)
    before = digest(ready)
    with OwnServer(server_program, supervisor) as server:
        ask(server, "CREATE TABLE t (n INT PRIMARY KEY)")

    assert digest(ready) == before
    assert sum(path.stat().st_blocks * 512 for path in ready.rglob("*")) < 70e6
    assert oct((ready.parent.stat().st_mode) & 0o077) == "0o0"


def digest(directory):
    return {
        path.relative_to(directory): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_two_servers_share_nothing(own_server, server_program, supervisor):
    with OwnServer(server_program, supervisor) as other:
        ask(other, "CREATE TABLE here (n INT PRIMARY KEY)")

        assert ask(own_server, "SHOW TABLES LIKE 'here'") == ()


def test_it_listens_on_no_network_but_where_it_is_told_to(own_server, plain_server):
    assert listening(own_server.process.pid) == []
    assert listening(plain_server.pid) == [f"0100007F:{plain_server.port:04X}"]


def listening(pid):
    """Return where a process listens for TCP, as the kernel writes it."""
    about = Path(f"/proc/{pid}")
    files = {str(link.readlink()) for link in (about / "fd").iterdir()}
    lines = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in (about / "net" / name).read_text().splitlines()[1:]
    ]
    return [line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in files]


def test_a_server_that_is_frozen_does_not_answer(own_server, monkeypatch):
    own_server.check_answers()
    monkeypatch.setattr(server_module, "ANSWERS", SHORT)
    own_server.process.freeze()
    try:
        own_server.check()  # it has not ended
        with pytest.raises(ServerError):
            own_server.check_answers()
    finally:
        own_server.process.thaw()


class Frozen:
    """A cluster whose server does not answer."""

    closed = False

    def check_server(self):
        raise ServerError("timed out")

    def close(self):
        self.closed = True


def test_a_cluster_whose_server_is_frozen_is_no_next_test_s():
    cluster = Frozen()

    assert not _recovers(cluster)
    assert cluster.closed


class FrozenWithItsSupervisor(Frozen):
    """One that cannot be closed in good order either."""

    def close(self):
        super().close()
        raise NotReadyError("the supervisor", 30.0)


def test_a_cluster_that_does_not_end_well_is_no_error_of_the_next_test():
    cluster = FrozenWithItsSupervisor()

    assert not _recovers(cluster)
    assert cluster.closed
