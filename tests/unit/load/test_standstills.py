"""Processes that stood still for long are named; a short standstill comes by itself."""

from pytest_rdsfailover.load.standstills import standstill_notes


def test_who_stood_still_for_long_is_named_with_its_longest_time():
    asleep = {0: [(1.0, 1.19)], 1: [], 2: [(1.0, 1.1), (2.0, 3.5)]}

    assert standstill_notes("function", asleep) == [
        "function 2 stood still for 1.50 s: it saw nothing meanwhile, and the others did"
    ]
