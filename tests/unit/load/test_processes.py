"""What goes to the processes of a load, and what need not or cannot."""

import pickle
import sys
from dataclasses import replace
from functools import partial

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.live.credentials import Tokens
from pytest_rdsfailover.load.processes import LoadOrder, ProcessLoad
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError

POLICY = ReconnectPolicy()
PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)


def write(key, state=None): ...
def listed(state=None): ...


def order(tmp_path, endpoint=PLACE, **options):
    return LoadOrder(
        make=choose(options, endpoint, retries=0, policy=POLICY, classify=None), run="run",
        writers=2, process=0, processes=2, events=tmp_path / "0", engine="threads", rate=1.0,
        policy=POLICY,
    )  # fmt: skip


def sent(told):
    """Return what the first process makes of what it is told."""
    (first, _) = ProcessLoad(told, Journal("run", 2))._sent
    return pickle.loads(first[len(pickle.dumps(sys.path)) :])


def test_what_reads_back_stays_here_and_everything_else_goes(tmp_path):
    told = order(
        tmp_path, workload={write: 2}, setup=list, teardown=print, reads=listed, stored=lambda: [1]
    )
    found = sent(told)

    assert set(told.make.users) == {"setup", "teardown", "reads", "stored"}
    assert found.make.users == {"setup": list, "teardown": print, "reads": listed}
    assert found.make.workload == {write: 2}
    assert found.make(Journal("run", 2)).steps[0].call is write
    assert replace(found, make=None) == replace(told, make=None, events=tmp_path / "1")


@pytest.mark.parametrize("name", ["workload", "setup", "teardown", "reads"])
def test_what_writers_run_has_to_be_found_by_its_name(tmp_path, name):
    told = order(tmp_path, **({"workload": write} | {name: lambda *_: None}))

    with pytest.raises(SettingError, match="functions of a module"):
        ProcessLoad(told, Journal("run", 2))


def test_events_of_several_processes_need_a_place(tmp_path):
    with pytest.raises(SettingError, match="--rds-journal=DIR"):
        ProcessLoad(replace(order(tmp_path), events=None), Journal("run", 2))


def test_an_endpoint_with_tokens_goes_and_makes_its_own_there(tmp_path):
    found = sent(order(tmp_path, replace(PLACE, token=Tokens(partial(str, "token")))))

    assert found.make.endpoint.secret() == "token"


def test_what_must_not_be_shown_is_not_in_an_order_s_repr(tmp_path):
    assert "s3cret" not in repr(replace(order(tmp_path), secrets=("s3cret",)))
