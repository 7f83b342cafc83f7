"""A running server keeps nothing of ours, however who asked for it has ended."""

import os
import random
import re
import signal
import sys
import time
from pathlib import Path

import marked
import pytest
from running_server import inventory
from waiting import until

from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.server import accounts, keeper, ownership
from pytest_rdsfailover.local.server.accounts import Account
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.local.server.url_server import UrlServer
from pytest_rdsfailover.model.errors import DiedError

pytestmark = [pytest.mark.local, pytest.mark.contract("local/server")]
OWNER = """
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored from birth
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.local.server.url_server import UrlServer
print("begun", flush=True)
with Supervisor() as supervisor, UrlServer(find_server(None), supervisor) as server:
    print(supervisor.pid, server._keeper.pid, server.application.user, flush=True)
    time.sleep(1000)
"""
DEADLY = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
CHANCE = random.Random(14)
SHARES = [round((slot + CHANCE.random()) / 8 * 1.1, 2) for slot in range(8)]


@pytest.fixture
def owner(running):
    with marked.owner(OWNER, RDS_SERVER=running.url) as owner:
        assert owner.line() == "begun"
        yield owner


@pytest.fixture
def before(running):
    return inventory(running)


def come_to_rest(server, before):
    """Wait until the server is as it was."""
    until(lambda: not names(server))
    assert inventory(server) == before


def names(server):
    """Return the databases and users of ours on a server."""
    with accounts.session(server.address, server.admin) as admin, admin.cursor() as cursor:
        cursor.execute("SELECT user FROM mysql.user")
        found = {name for (name,) in cursor.fetchall()}
        cursor.execute("SHOW DATABASES")
        found |= {name for (name,) in cursor.fetchall()}
    return {name for name, _ in ownership._born(list(found))}


@pytest.mark.parametrize("how", DEADLY, ids=lambda how: how.name)
def test_the_end_of_the_owner_drops_its_account(running, before, owner, how):
    owner.line()
    assert inventory(running) != before

    os.killpg(owner.popen.pid, how)
    owner.popen.wait()

    come_to_rest(running, before)
    assert owner.left() == []


@pytest.mark.one_server  # which statements drop it, the test above asks of each server
@pytest.mark.parametrize("share", SHARES)
def test_the_end_of_the_owner_at_any_moment_of_its_start_drops_its_account(
    running, before, owner, share
):
    begun = time.monotonic()
    owner.line()
    taken = time.monotonic() - begun
    with marked.owner(OWNER, RDS_SERVER=running.url) as other:
        assert other.line() == "begun"
        time.sleep(share * taken)
        other.kill()
        assert other.left() == []
    owner.kill()

    assert owner.left() == []
    come_to_rest(running, before)


def test_the_end_of_the_owner_and_of_its_supervisor_drops_its_account(running, before, owner):
    supervisor, _, _ = owner.line().split()

    for pid in (int(supervisor), owner.popen.pid):
        os.kill(pid, signal.SIGKILL)

    come_to_rest(running, before)
    owner.wait_until_gone(owner.processes())


@pytest.mark.parametrize(
    "how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda s: s.name
)
def test_a_keeper_that_is_asked_to_end_drops_its_account_first(running, before, owner, how):
    keeping = int(owner.line().split()[1])

    os.kill(keeping, how)

    come_to_rest(running, before)


def test_a_transaction_that_is_still_open_does_not_hold_the_keeper_up(running, before, supervisor):
    server = UrlServer(find_server(running.url), supervisor)
    with accounts.session(server.address, server.application) as connection:
        accounts.run(connection, ["CREATE TABLE t (n INT)", "BEGIN", "INSERT INTO t VALUES (1)"])
        server._keeper.terminate()
        assert server._keeper.wait(20)

    assert server._keeper.status == 0
    assert inventory(running) == before


def test_what_a_keeper_could_not_drop_is_swept_once_it_is_old(
    running, before, owner, supervisor, monkeypatch
):
    _, keeping, name = owner.line().split()
    os.kill(int(keeping), signal.SIGKILL)
    owner.kill()
    with UrlServer(find_server(running.url), supervisor):
        assert name in names(running)  # it may be young and about to be locked

    monkeypatch.setattr(ownership, "SWEPT_AFTER", 0)
    with UrlServer(find_server(running.url), supervisor) as server:
        assert names(running) == {server.application.user}
    assert inventory(running) == before


def test_nothing_that_is_in_use_or_somebody_elses_is_swept(
    running, before, supervisor, monkeypatch
):
    theirs = [Account(user=f"rdsfo_{what}", password="Their-1-own", database=f"rdsfo_{what}")
              for what in ("mine", "6a000000", "6a000000_0000000g", "6a000000_000000001",
                           "20240101_20240202")]  # fmt: skip
    with accounts.session(running.address, running.admin) as admin:
        for account in theirs:
            accounts.create(admin, account)
    foreign = inventory(running)
    monkeypatch.setattr(ownership, "SWEPT_AFTER", 0)

    with UrlServer(find_server(running.url), supervisor) as first:
        with UrlServer(find_server(running.url), supervisor) as second:
            assert {first.application.user, second.application.user} == names(running)
        first.check()
    assert inventory(running) == foreign

    with accounts.session(running.address, running.admin) as admin:
        for account in theirs:
            accounts.drop(admin, account)
    assert inventory(running) == before


@pytest.mark.parametrize("part", ["user", "database"])
def test_half_an_account_is_swept_too(running, before, supervisor, part):
    account = accounts.new_account(born=ownership.FIRST)
    with accounts.session(running.address, running.admin) as admin:
        accounts.create(admin, account)
        other = "DATABASE" if part == "user" else "USER"
        accounts.run(admin, [f"DROP {other} {account.user}"])
    assert names(running) == {account.user}

    with UrlServer(find_server(running.url), supervisor):
        assert account.user not in names(running)
    assert inventory(running) == before


def test_an_account_whose_keeper_has_ended_may_be_taken_for_nobodys(running, supervisor):
    with UrlServer(find_server(running.url), supervisor) as server:
        server.check()
        server._keeper.kill()
        with pytest.raises(DiedError, match=f"keeper-{server.application.user} died"):
            server.check()


def holder(server, name):
    with accounts.session(server.address, server.admin) as admin:
        return ownership._value(admin, "SELECT IS_USED_LOCK(%s)", name)


def test_a_keeper_whose_session_is_ended_takes_its_lock_anew_without_another_look(
    running, supervisor
):
    account = accounts.new_account()
    supervised = supervisor.spawn(
        "patient",
        [keeper.sys.executable, "-c", PATIENT],
        told=keeper.words(running.address, running.admin, account),
    )
    supervised.wait_line(20)
    first = holder(running, account.user)
    with accounts.session(running.address, running.admin) as admin:
        accounts.kill(admin, first)

    until(lambda: holder(running, account.user) not in {None, first})
    assert re.search(": (2006|2013|1927) ", supervised.log_tail())  # what it has met
    supervised.kill()


PATIENT = """
from pytest_rdsfailover.local.server import keeper
keeper.LOOK_EVERY, keeper.AGAIN_AFTER = 3600, 0.05
keeper.main()
"""


def test_a_server_that_forgets_quiet_connections_keeps_the_keepers(running, supervisor):
    with accounts.session(running.address, running.admin) as admin:
        accounts.run(admin, ["SET GLOBAL wait_timeout = 1"])
        try:
            with UrlServer(find_server(running.url), supervisor) as server:
                name = server.application.user
                first = holder(running, name)
                time.sleep(2)
                assert holder(running, name) == first is not None
        finally:
            accounts.run(admin, ["SET GLOBAL wait_timeout = DEFAULT"])


def test_passwords_are_in_no_argument_environment_or_file(running, monkeypatch):
    monkeypatch.setenv("RDS_SERVER", running.url)
    with Supervisor() as supervisor, UrlServer(find_server(None), supervisor) as server:
        programs = [Path(f"/proc/{pid}") for pid in (supervisor.pid, server._keeper.pid)]
        seen = [(path / name).read_bytes() for path in programs for name in ("cmdline", "environ")]
        seen += [path.read_bytes() for path in supervisor.directory.rglob("*") if path.is_file()]

    assert len(seen) == 7
    for account in (server.admin, server.application):
        assert not any(account.password.encode() in text for text in seen)


def test_a_keeper_that_was_asked_for_nothing_ends(supervisor):
    program = supervisor.spawn("idle", [keeper.sys.executable, "-c", NOTHING])
    assert program.wait(20)
    assert program.status == 2


NOTHING = """
import os
from pytest_rdsfailover.local.server import keeper
os.close(0)
os.open(os.devnull, os.O_RDONLY)
raise SystemExit(keeper.main())
"""


TRIAL = """
from pathlib import Path

def test_trial(rds_trial, rds_cluster):
    Path("begun").touch()
    rds_trial(rds_cluster.writer_endpoint, writers=4, rate=100)
"""


@pytest.mark.one_server
@pytest.mark.parametrize("how", DEADLY, ids=lambda how: how.name)
def test_a_run_of_pytest_that_is_ended_in_a_trial_leaves_nothing_on_the_server(
    running, before, tmp_path, how
):
    (tmp_path / "test_it.py").write_text(TRIAL)
    with marked.run_directories() as place:
        (tmp_path / "conftest.py").write_text(
            f"import signal, sys\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
            f"sys.modules['boto3'] = None\n{marked.PLACE.format(base=str(place))}"
        )
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        options = {"RDS_SERVER": running.url, "RDS_TOXIPROXY": "builtin"}
        with marked.Marked(argv, place, tmp_path, **options) as run:
            until((tmp_path / "begun").exists, within=60)
            time.sleep(0.5)
            assert names(running)
            os.killpg(run.popen.pid, how)
            run.popen.wait()

            come_to_rest(running, before)
            assert run.left() == []
