"""What a list says where a test takes it for how many there are."""

import json
import operator

import pytest

from pytest_rdsfailover.analysis.to_count import KeyList, WriterList


@pytest.mark.parametrize(
    ("found", "remedy"),
    [
        (KeyList(["a"]), r"these are keys, .* trial\.expect\(lost=0\)"),
        (WriterList([3]), r"numbers of the writers, .* trial\.stuck_writers with a number"),
    ],
)
def test_keys_and_writers_are_lists_that_say_how_they_are_counted(found, remedy):
    plain = list(found)
    assert (found == plain, found != [], json.dumps(found)) == (True, True, json.dumps(plain))
    assert sorted([plain * 2, found]) == [plain, plain * 2]
    assert found < plain * 2
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError, match=remedy):
            compare(found, 0)
