"""Commands that wait for their turn: their order, and when they are enough."""

import pytest

from pytest_rdsfailover.local.gateway.command_queue import ENOUGH, WEIGHT, CommandQueue


def test_commands_come_in_the_order_in_which_they_were_put():
    queue = CommandQueue()
    assert not queue
    queue.put(b"one", 1)
    queue.put(b"two", 2)

    assert queue
    assert queue.take() == (b"one", 1)
    assert queue
    assert queue.take() == (b"two", 2)
    assert not queue
    with pytest.raises(IndexError):
        queue.take()


def test_enough_is_one_byte_more_than_may_wait_each_with_its_weight():
    queue = CommandQueue()
    queue.put(b"x" * (ENOUGH - 2 * WEIGHT), 0)
    assert not queue.enough
    queue.put(b"", 0)
    assert not queue.enough  # the very bound
    queue.take()
    queue.put(b"x" * (ENOUGH - 2 * WEIGHT + 1), 0)
    assert queue.enough

    queue.take()
    assert queue.enough is False
    queue.take()
    queue.put(b"x" * (ENOUGH - WEIGHT), 0)  # nothing of what was taken counts on
    assert not queue.enough
