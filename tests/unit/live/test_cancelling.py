"""What cancels a run ends a block in order, once; who handles it already goes on to do so."""

import signal
import threading

import pytest

from pytest_rdsfailover.live.cancelling import cancelled_in_order

pytestmark = pytest.mark.usefixtures("usual_signals")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_block_is_interrupted_once_and_its_cleaning_up_is_not(number):
    done = []
    with pytest.raises(KeyboardInterrupt, match=number.name), cancelled_in_order() as told:
        assert not told.asked
        try:
            signal.raise_signal(number)
        finally:
            assert told.asked
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGHUP)
            done.append("cleaned up")

    assert done == ["cleaned up"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_ctrl_c_is_one_of_them_and_a_second_one_interrupts_what_cleans_up():
    with pytest.raises(KeyboardInterrupt), cancelled_in_order() as told:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            assert told.asked
            signal.raise_signal(signal.SIGTERM)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_was_told_to_outlive_a_terminal_still_does():
    """`nohup` has the signal ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cancelled_in_order():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


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
