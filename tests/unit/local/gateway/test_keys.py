"""Which keys of a load the server has confirmed: sets of bits, and what is known of each key."""

import pytest

from pytest_rdsfailover.local.gateway import keys as module
from pytest_rdsfailover.local.gateway.keys import Bits, Keys

KEY = (2, 9)


@pytest.mark.parametrize("sequence", [0, 7, 8, 15, 16, 1000])
def test_a_set_has_what_was_added_and_nothing_beside_it(sequence):
    bits = Bits()
    assert (2, sequence) not in bits
    bits.add((2, sequence))

    assert (2, sequence) in bits
    assert [near for near in range(sequence + 9) if (2, near) in bits] == [sequence]
    assert (1, sequence) not in bits
    assert bits.of(2) == 1 << sequence
    assert bits.of(1) == 0
    assert bits.bytes == sequence // 8 + 1
    bits.add((2, sequence))
    bits.discard((2, sequence + 1))
    assert bits.bytes == sequence // 8 + 1
    bits.discard((2, sequence))
    bits.discard((2, sequence))
    assert bits.of(2) == 0


def test_a_set_that_is_full_takes_no_more(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 2)
    bits = Bits()
    bits.add((0, 15))
    bits.add((1, 0))

    assert ((0, 15) in bits, (1, 0) in bits) == (True, False)
    assert bits.bytes > 2  # so that nobody counts what is not whole


def test_keys_are_found_where_they_carry_the_mark():
    keys = Keys(b"a.c")
    message = b"INSERT 'a.c-1-22', 'abc-1-3', 'a.c-5-', 'a.c-99999-9999999999'"

    assert keys.found_in(message, 0) == [(1, 22), (99999, 9999999999)]
    assert keys.found_in(message, message.index(b"abc")) == [(99999, 9999999999)]


def known(*steps, alone=True):
    """Return what is known of a key once these things have happened to it."""
    keys = Keys(b"run")
    keys.see(KEY)
    for step in steps:
        keys.begin(KEY, alone=alone) if step == "begin" else getattr(keys, step)(KEY)
    return keys


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([], "0 0 - - - -"),
        (["begin"], "0 0 - - - -"),
        (["begin", "write"], "0 0 1 - - -"),
        (["begin", "write", "confirm"], "1 1 - - - -"),
        (["begin", "confirm", "begin"], "1 1 - - 1 -"),
        (["begin", "confirm", "begin", "confirm"], "1 1 - - - -"),
        (["begin", "leave"], "0 0 - 1 - -"),
        (["begin", "leave", "begin", "write"], "0 0 1 - - -"),
        (["begin", "leave", "begin", "confirm"], "1 1 - - - -"),
        (["begin", "confirm", "begin", "leave"], "1 1 - - - -"),
        (["begin", "lose"], "1 1 - - - 9"),
        (["begin", "lose", "ask"], "1 1 - - - -"),
        (["begin", "lose", "confirm"], "1 1 - - - -"),
        (["begin", "confirm", "begin", "lose"], "1 1 - - - -"),
        (["ask"], "1 0 - - - -"),
        (["begin", "ask"], "0 0 - - - -"),
    ],
)
def test_a_key_is_counted_by_what_has_become_of_its_writes(steps, told):
    keys = known(*steps)
    counts = keys.counts(), keys.stored(), keys.uncommitted(), keys.unchanged(), keys.failing()
    lost = keys.lost([keys]).get("2", ["-"])

    assert " ".join(str(count.get("2", "-")) for count in (*counts, {"2": lost[0]})) == told


@pytest.mark.parametrize(
    ("steps", "may"),
    [(["begin"], False), (["write"], True), (["lose"], True), (["confirm"], True), (["ask"], False),
     (["leave"], False)],
)  # fmt: skip
def test_a_key_may_be_stored_once_a_write_was_answered_well_or_nobody_saw_its_answer(steps, may):
    assert known(*steps).may_be_stored(KEY) is may


def test_a_write_of_several_keys_tells_of_none_that_its_latest_write_failed():
    assert known("begin", "confirm", "begin", alone=False).failing() == {}


def test_a_lost_answer_is_answered_at_any_endpoint():
    here, there = known("begin", "lose"), known("ask")

    assert here.lost([here, there]) == {}
    assert here.lost([here, known("begin")]) == {"2": [9]}
    assert here.lost([]) == {"2": [9]}


def test_writers_are_told_in_order_and_of_many_lost_answers_the_first(monkeypatch):
    monkeypatch.setattr(module, "MOST_LOST", 3)
    keys = Keys(b"run")
    for writer in (7, 3):
        keys.see((writer, 0))
    for number in (40, 3, 20, 9):
        keys.lose((3, number))

    assert list(keys.counts()) == ["3", "7"]
    assert keys.lost([keys]) == {"3": [3, 9, 20]}
