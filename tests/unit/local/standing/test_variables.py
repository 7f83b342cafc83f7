"""What programs of any language are told, and how files say it."""

import io
import json
import subprocess
import sys

import pytest
from standing_clusters import NAMES, description

from pytest_rdsfailover.cli.standing_arguments import SYNTAXES as OFFERED
from pytest_rdsfailover.local.listeners import Place
from pytest_rdsfailover.local.standing.variables import (
    SYNTAXES,
    changes,
    environment_of,
    lines,
    variables,
)
from pytest_rdsfailover.model.errors import SettingError


def test_the_variables_lead_to_the_chosen_endpoint_and_name_all():
    told = variables(description(), "proxy")

    assert told["DATABASE_URL"] == "mysql://app:p%40ss%3Aw%2Frd@127.0.0.4:13306/shop"
    assert (told["DB_HOST"], told["DB_PORT"], told["DB_NAME"]) == ("127.0.0.4", "13306", "shop")
    assert told["RDSFAILOVER_PROXY_READER_HOST"] == "127.0.0.5"
    assert told["RDSFAILOVER_INSTANCE_2_HOST"] == "127.0.0.7"
    assert told["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert not [name for name in told if name.startswith("RDS_")]


@pytest.mark.parametrize("name", ["db.cluster-x.eu-west-1.rds.amazonaws.com", ""])
def test_an_endpoint_tells_its_name_beside_its_address(name):
    endpoint = description(names={"cluster": name} if name else {}).endpoint("writer")

    assert endpoint.host == description().endpoint("writer").host
    assert endpoint.alias == name


def test_without_an_aws_api_nothing_of_aws_is_told_or_taken_away():
    environ = {"AWS_PROFILE": "mine", "PATH": "/bin"}
    told = environment_of(description(aws=None), "writer", environ)

    assert told["AWS_PROFILE"] == "mine"
    assert "AWS_ENDPOINT_URL" not in told


def test_what_leads_an_aws_client_elsewhere_is_taken_away_and_no_proxy_stands_between():
    environ = {
        "AWS_PROFILE": "m",
        "AWS_ENDPOINT_URL_RDS": "https://x",
        "NO_PROXY": "a",
        "HOME": "/",
    }
    told = environment_of(description(), "writer", environ)

    assert {"AWS_PROFILE", "AWS_ENDPOINT_URL_RDS"} & told.keys() == set()
    assert told["NO_PROXY"].split(",") == ["a", "127.0.0.0/8", "127.0.0.1"]
    assert told["HOME"] == "/"


EVERYTHING = "".join(map(chr, range(32, 127)))  # of which a password may be made


def test_a_shell_reads_what_was_written_whatever_is_in_it(tmp_path):
    file = tmp_path / "env"
    file.write_text("\n".join(lines({"NAME": EVERYTHING}, "shell")))

    shown = subprocess.run(
        ["/bin/sh", "-c", f'. {file}; printf %s "$NAME"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == EVERYTHING


def test_docker_takes_all_up_to_the_end_of_the_line():
    assert lines({"NAME": EVERYTHING}, "docker") == [f"NAME={EVERYTHING}"]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ('a b!#$c"`', "'a b!#$c\"`'"),
        ("it's #1 = {x}", '"it\'s #1 = {x}"'),
        ("a${b}", None),
        ("it's $b", None),
        ('it\'s "b"', None),
        ("a\\b", None),
    ],
)
def test_readers_of_dotenv_read_it_alike_or_it_is_refused(value, line):
    if line is None:
        with pytest.raises(SettingError, match="another value, or another syntax"):
            lines({"NAME": value}, "dotenv")
        return
    assert lines({"NAME": value}, "dotenv") == [f"NAME={line}"]
    dotenv = pytest.importorskip("dotenv")
    assert dotenv.dotenv_values(stream=io.StringIO(f"NAME={line}\n")) == {"NAME": value}


def test_a_shell_that_reads_them_leads_to_the_cluster_as_run_does():
    """Its own variables win no more, and reading them twice changes nothing."""
    environ = {
        "AWS_PROFILE": "prod",
        "AWS_ENDPOINT_URL_RDS": "https://x",
        "NO_PROXY": "a",
        "HOME": "/",
    }
    written = "\n".join(lines(changes(description(), "writer", environ), "shell"))
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    shown = subprocess.run(
        ["/bin/sh", "-euc", f'eval "$1"; exec {sys.executable} -c "$2"', "sh", written, show],
        capture_output=True, text=True, check=True, env=environ,
    )  # fmt: skip
    found = json.loads(shown.stdout)

    told = environment_of(description(), "writer", environ)
    assert {name: found.get(name) for name in told} == told
    assert {"AWS_PROFILE", "AWS_ENDPOINT_URL_RDS"} & found.keys() == set()
    assert environment_of(description(), "writer", told) == told


@pytest.mark.parametrize("syntax", ["docker", "dotenv"])
def test_what_takes_no_variable_away_says_nothing_of_those(syntax):
    assert len(lines({"AWS_PROFILE": None, "NAME": "a"}, syntax)) == 1


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("value", ["two\nlines", "a\rb", "a\0b"])
def test_what_some_reader_would_read_otherwise_is_refused(syntax, value):
    with pytest.raises(SettingError, match="NAME holds"):
        lines({"NAME": value}, syntax)


def test_every_syntax_is_offered():
    assert set(OFFERED) == set(SYNTAXES)


@pytest.mark.parametrize(
    ("called", "hint"), [("wirter", "'writer'"), ("instance1", "'instance-1'"), ("cluster", "")]
)
def test_an_unknown_endpoint_is_refused_with_the_nearest_name(called, hint):
    with pytest.raises(SettingError, match=f"no endpoint {called!r}.*{hint}.*proxy-reader"):
        description().endpoint(called)


def test_every_endpoint_has_its_place_and_its_name_if_there_are_names():
    names = {"cluster": "db.example", "instance-1": "one.example"}
    told = variables(description(names=names, dns=Place("127.0.0.1", 5353)))

    assert (told["DB_HOST"], told["RDSFAILOVER_WRITER_HOST"]) == ("db.example", "db.example")
    assert told["RDSFAILOVER_INSTANCE_1_HOST"] == "one.example"
    assert told["RDSFAILOVER_READER_HOST"] == "127.0.0.3"
    ports = [value for name, value in told.items() if name.endswith("_PORT") and name[:3] == "RDS"]
    assert ports == ["13306"] * len(NAMES)
    shown = [told[f"RDSFAILOVER_{name}"] for name in ("NAME", "CLUSTER", "CA", "DNS")]
    assert shown == ["orders", "rdsfailover", "/nowhere/ca.pem", "127.0.0.1:5353"]
    assert "RDSFAILOVER_DNS" not in variables(description())
    assert {type(value) for value in told.values()} == {str}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "127.0.0.0/8,127.0.0.1"),
        ("a,,127.0.0.1", "a,127.0.0.1,127.0.0.0/8"),
        ("127.0.0.0/8,127.0.0.1", "127.0.0.0/8,127.0.0.1"),
    ],
)
def test_this_machine_is_added_once_to_where_no_proxy_stands_between(before, after):
    environ = {} if before is None else {"NO_PROXY": before, "no_proxy": before}
    told = changes(description(), "writer", environ)
    assert (told["NO_PROXY"], told["no_proxy"]) == (after, after)


def test_what_could_lead_elsewhere_is_named_even_if_it_is_not_there_and_only_with_an_aws_api():
    told = changes(description(), "writer", {"AWS_ENDPOINT_URL_S3": "x"})
    assert told["AWS_ENDPOINT_URL_S3"] is told["AWS_PROFILE"] is None
    assert told["AWS_ENDPOINT_URL"] is not None
    assert None not in changes(description(aws=None), "writer", {"AWS_PROFILE": "x"}).values()


def test_a_shell_is_told_first_what_to_take_away():
    told = {"A": "1", "B": None, "C": "it's"}
    assert lines(told, "shell") == ["unset B", "export A='1'", "export C='it'\\''s'"]
    assert lines(told, "docker") == ["A=1", "C=it's"]


def test_no_password_and_no_script_is_in_what_a_description_looks_like():
    shown = repr(description(password="hidden!", usual="a script"))
    assert "orders" in shown
    assert "hidden!" not in shown
    assert "a script" not in shown
