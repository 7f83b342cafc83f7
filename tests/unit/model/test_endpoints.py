"""What an endpoint shows of its password: nothing, and what it does with it: everything."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy

from pytest_rdsfailover.model.endpoints import Endpoint, Hidden

DRIVERS = Path(__file__).parents[3] / "docs" / "drivers.md"
DIALECTS = sorted(set(re.findall(r"`((?:mysql|mariadb)\+\w+)`", DRIVERS.read_text())))
ENDPOINT = Endpoint(
    name="cluster", kind="writer", host="h", port=3306, user="u", password="s3 cret", database="d"
)


def test_a_hidden_text_is_the_text_to_everybody_but_repr():
    text = Hidden("s3cret")

    assert text == "s3cret" == str(text) == f"{text}"
    assert text.encode() == b"s3cret"
    assert "s3cret" not in repr(text) + repr({"password": text}) + f"{text!r}"


def test_the_variables_of_an_endpoint_show_no_password_and_lead_to_it():
    told = ENDPOINT.env()

    assert told == {
        "DB_HOST": "h", "DB_PORT": "3306", "DB_USER": "u", "DB_PASSWORD": "s3 cret", "DB_NAME": "d",
        "DATABASE_URL": "mysql://u:s3%20cret@h:3306/d",
    }  # fmt: skip
    assert "s3" not in repr(told)
    assert ENDPOINT.env("mysql2")["DATABASE_URL"].startswith("mysql2://")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sqlalchemy_takes_the_url_of_every_dialect_that_the_docs_name(dialect):
    url = sqlalchemy.engine.make_url(ENDPOINT.url(dialect))

    assert (url.host, url.port, url.database) == ("h", 3306, "d")
    assert (url.username, url.password) == ("u", "s3 cret")
    assert url.get_dialect().name in ("mysql", "mariadb")


def test_no_local_variable_that_comes_from_an_endpoint_shows_its_password():
    renewed = replace(ENDPOINT, token=lambda: "t0ken")
    shown = [ENDPOINT, ENDPOINT.password, ENDPOINT.secret(), ENDPOINT.url(), renewed]
    shown += [renewed.secret(), renewed.url()]

    assert ENDPOINT.url() == "mysql+pymysql://u:s3%20cret@h:3306/d"
    assert "t0ken" in renewed.url()
    assert not {"s3 cret", "s3%20cret", "t0ken"} & set(repr(shown).split("'"))
    assert "s3" not in repr(shown)


def test_an_endpoint_connects_by_what_its_cluster_has_set_and_by_nothing_else():
    ours = replace(ENDPOINT, connector=lambda endpoint, **options: (endpoint.name, options))

    assert ours.connect(charset="utf8mb4") == ("cluster", {"charset": "utf8mb4"})
    with pytest.raises(RuntimeError, match="belongs to no cluster"):
        ENDPOINT.connect()


@pytest.mark.parametrize(
    "more", [{"connector": print}, {"token": lambda: "t"}, {"alias": "db.example"}]
)
def test_how_it_is_reached_makes_no_other_endpoint_of_it(more):
    assert replace(ENDPOINT, **more) == ENDPOINT
    assert not {"connector", "token", "alias", "tls"} & set(re.findall(r"\w+", repr(ENDPOINT)))


@pytest.mark.parametrize(("kind", "moves"), [("proxy", True), ("writer", False)])
def test_only_a_connection_to_the_proxy_may_lead_elsewhere_later(kind, moves):
    assert replace(ENDPOINT, kind=kind).moves is moves
