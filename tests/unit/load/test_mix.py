import itertools
from collections import Counter

import pytest

from pytest_rdsfailover.load.mix import OURS, READ, TRANSACTION, WRITE, share_of_writes, spread
from pytest_rdsfailover.model.errors import SettingError


def test_each_step_takes_its_turn_as_often_as_it_weighs_and_evenly():
    turns = spread({WRITE: 6, READ: 3, TRANSACTION: 1})

    assert Counter(turns) == {WRITE: 6, READ: 3, TRANSACTION: 1}
    places = [n for n, step in enumerate(turns * 2) if step is READ]
    assert {b - a for a, b in itertools.pairwise(places)} <= {3, 4}
    assert share_of_writes(turns) == pytest.approx(0.7)


@pytest.mark.parametrize("weight", [0, -1, 0.5, True, "3"])
def test_a_weight_that_is_no_count_is_refused(weight):
    with pytest.raises(SettingError, match="whole number"):
        spread({WRITE: weight})


def test_a_load_that_only_reads_is_refused():
    with pytest.raises(SettingError, match="only reads"):
        spread({READ: 1})


def test_weights_that_never_come_round_are_refused():
    with pytest.raises(SettingError, match="at most"):
        spread({WRITE: 999, READ: 2})


def test_every_step_of_ours_has_the_name_it_is_known_by():
    assert [OURS[step.name] for step in OURS.values()] == list(OURS.values())
