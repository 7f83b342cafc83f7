import pytest

from pytest_rdsfailover.model.spans import joined


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([], []),
        ([(5, 6), (1, 2)], [(1, 2), (5, 6)]),
        ([(1, 3), (3, 4)], [(1, 4)]),
        ([(1, 9), (2, 3), (8, 10)], [(1, 10)]),
        ([(0.5, 1.5), (1.0, 1.25)], [(0.5, 1.5)]),
    ],
)
def test_spans_that_touch_are_joined(spans, found):
    assert joined(spans) == found
