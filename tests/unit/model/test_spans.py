import pytest

from pytest_rdsfailover.model.spans import common, joined


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


@pytest.mark.parametrize(
    ("lists", "found"),
    [
        ([], []),
        ([[(1, 2), (5, 6)]], [(1, 2), (5, 6)]),
        ([[(1, 4)], [(2, 3)]], [(2, 3)]),
        ([[(1, 3), (5, 9)], [(2, 6), (8, 10)]], [(2, 3), (5, 6), (8, 9)]),
        ([[(1, 3)], [(3, 5)]], []),
        ([[(3, 5)], [(1, 3)]], []),
        ([[(0, 9)], [(1, 2), (3, 4), (6, 7)]], [(1, 2), (3, 4), (6, 7)]),
        ([[(0, 1), (6, 8)], [(2, 3), (4, 5), (7, 9)]], [(7, 8)]),
        ([[(0, 9)], [(1, 8)], [(2, 3), (7, 12)]], [(2, 3), (7, 8)]),
        ([[(0, 9)], []], []),
    ],
)
def test_only_what_all_lists_of_spans_have_is_common(lists, found):
    assert common(lists) == found
    assert common(lists[::-1]) == found
