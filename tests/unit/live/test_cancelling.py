"""SIGTERM ends a block in order, once; who handles it already goes on to do so."""

import signal
import threading

import pytest

from pytest_rdsfailover.live.cancelling import cancelled_in_order


def test_a_block_is_interrupted_once_and_its_cleaning_up_is_not():
    done = []
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"), cancelled_in_order():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            done.append("cleaned up")

    assert done == ["cleaned up"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_another_s_handler_stays_and_so_does_the_usual_one_in_other_threads():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("other"))
    try:
        with cancelled_in_order():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    def elsewhere():
        with cancelled_in_order():
            heard.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert heard == ["other", signal.SIG_DFL]
