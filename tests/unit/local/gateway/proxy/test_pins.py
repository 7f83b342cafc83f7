"""How many pins an endpoint remembers, and how much of what pinned a session."""

from types import SimpleNamespace

from pytest_rdsfailover.local.gateway.proxy.pins import MOST, SHOWN, Pins


def test_a_pin_says_who_why_where_and_by_which_statement():
    pins = Pins("proxy-reader")
    pins.note(
        SimpleNamespace(number=7, user="app"), "user variable", b"SET @a = '\xff'" + b"x" * SHOWN
    )

    (pin,) = pins
    assert (pin.session, pin.user, pin.reason) == (7, "app", "user variable")
    assert pin.endpoint == "proxy-reader"
    assert pin.statement == "SET @a = '\ufffd'" + "x" * (SHOWN - 12)
    assert pin.at > 0


def test_there_is_an_end_to_what_is_remembered():
    pins = Pins("proxy")
    for number in range(MOST + 2):
        pins.note(SimpleNamespace(number=number, user="app"), "why", b"x")

    assert [pin.session for pin in pins] == [*range(MOST)]
