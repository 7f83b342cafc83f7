"""What an endpoint shows of its password: nothing, and what it does with it: everything."""

from dataclasses import replace

from pytest_rdsfailover.model.endpoints import Endpoint, Hidden

ENDPOINT = Endpoint(
    name="cluster", kind="writer", host="h", port=3306, user="u", password="s3 cret", database="d"
)


def test_a_hidden_text_is_the_text_to_everybody_but_repr():
    text = Hidden("s3cret")

    assert text == "s3cret" == str(text) == f"{text}"
    assert text.encode() == b"s3cret"
    assert "s3cret" not in repr(text) + repr({"password": text}) + f"{text!r}"


def test_no_local_variable_that_comes_from_an_endpoint_shows_its_password():
    renewed = replace(ENDPOINT, token=lambda: "t0ken")
    shown = [ENDPOINT, ENDPOINT.password, ENDPOINT.secret(), ENDPOINT.url(), renewed]
    shown += [renewed.secret(), renewed.url()]

    assert ENDPOINT.url() == "mysql+pymysql://u:s3%20cret@h:3306/d"
    assert "t0ken" in renewed.url()
    assert not {"s3 cret", "s3%20cret", "t0ken"} & set(repr(shown).split("'"))
    assert "s3" not in repr(shown)
