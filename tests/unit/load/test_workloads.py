import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.mixed import RowsWorkload
from pytest_rdsfailover.load.retrying import RetryingWorkload
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)


def made(retries=0, **options):
    make = choose(options, PLACE, retries=retries, policy=ReconnectPolicy(), classify=None)
    return make(Journal("run", 1))


def place(key): ...
def listed(): ...


def test_each_way_of_asking_means_its_workload():
    assert isinstance(made(), InsertWorkload)
    assert isinstance(made(retries=2), RetryingWorkload)
    assert isinstance(made(workload={"write": 2, "transaction": 1}), RowsWorkload)
    assert isinstance(made(workload={"write": 2, "read": 1}, reader=PLACE), RowsWorkload)
    steps = made(workload={place: 2}, reads={listed: 1}).steps
    assert [(step.name, step.reads) for step in steps] == [
        ("place", False), ("listed", True), ("place", False)]  # fmt: skip
    assert isinstance(made(workload=place, teardown=print), CallWorkload)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"stored": list}, "only with a workload of your own"),
        ({"reads": listed}, "only with a workload of your own"),
        ({"workload": {"writ": 1}}, "did you mean 'write'"),
        ({"workload": {"write": 1, place: 1}}, "cannot stand beside"),
        ({"workload": {"write": 0}}, "whole number"),
        ({"workload": {"write": 1, "read": 1}}, "reader=rds_cluster.reader_endpoint"),
        ({"workload": {"write": 1}, "reader": PLACE}, "no reader without"),
        ({"workload": {"read_your_write": 1}}, "only reads"),
        ({"workload": place, "reader": PLACE}, "reader: only"),
        ({"workload": place, "retries": 1}, "parameter named attempt"),
        ({"workload": 7}, "is no function"),
        ({"workload": None}, "None is no function; did you call it"),
        ({"workload": {}}, "only reads"),
        ({"workload": place, "reads": {listed: 1.5}}, "whole number"),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_remedy(options, complaint):
    with pytest.raises(SettingError, match=complaint):
        made(**options)
