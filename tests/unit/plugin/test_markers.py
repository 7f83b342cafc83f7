"""Which markers are refused, before any server starts, and with which example."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.markers import argument_of, check_markers

MARK = pytest.mark


def check(*markers, rate=100.0):
    item = SimpleNamespace(
        nodeid="t.py::test_it", config=SimpleNamespace(rootpath=None),
        iter_markers=lambda: [marker.mark for marker in markers],
        get_closest_marker={marker.mark.name: marker.mark for marker in markers}.get,
    )  # fmt: skip
    check_markers(item, Settings(rate=rate))


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        (MARK.rds_trials(), r"takes one argument without a name: rds_trials\(15\)"),
        (MARK.rds_trials(1, 2), "takes one argument"),
        (MARK.rds_trials(3, count=3), "takes one argument"),
        (MARK.rds_trials(count=3), "takes one argument"),
        (MARK.rds_instances(1), "t.py::test_it: .*instances"),
        (MARK.rds_profile("nobody's"), "nobody's"),
        (MARK.rds_global(2), "of 2 instances 1 to 1 can be in another region, not 2"),
        (MARK.rds_global(0), "not 0"),
        (MARK.rds_global("1"), "not '1'"),
        (MARK.rds_aws_names("mars"), "mars"),
        (MARK.rds_expect("lost=0"), "takes arguments by name only"),
        (MARK.rds_expect(), "holds trials to nothing"),
        (MARK.rds_expect(lots=0), "nothing is called 'lots'"),
        (MARK.rds_expect(downtime="< 1ms"), "rate"),
        (MARK.rds_proxy("tls"), "takes arguments by name only"),
        (MARK.rds_proxy(require_tls="sometimes"), "require_tls"),
    ],
)
def test_a_marker_that_would_be_ignored_is_refused(marker, said):
    with pytest.raises(pytest.UsageError, match=said):
        check(MARK.usefixtures("a", "b"), marker)


def test_markers_that_can_be_honoured_pass():
    check(
        MARK.rds_trials(1), MARK.rds_instances(2), MARK.rds_profile("aurora"), MARK.rds_proxy(),
        MARK.rds_aws_names("eu-west-1"), MARK.rds_expect(lost=0), MARK.rds_proxy(require_tls=True),
        MARK.rds_global(1),
        MARK.usefixtures("a", "b"), MARK.rds_live,
    )  # fmt: skip


def test_the_argument_of_the_nearest_marker_is_told():
    found = {"rds_trials": MARK.rds_trials(3).mark}
    item = SimpleNamespace(get_closest_marker=found.get)

    assert (argument_of(item, "rds_trials"), argument_of(item, "rds_profile")) == (3, None)
