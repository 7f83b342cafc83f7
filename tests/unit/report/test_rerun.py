"""The command that runs a test again: what decides a trial, and no secret."""

import pytest

from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.report.rerun import command


def test_it_names_test_profile_and_seed():
    assert command(Settings(profile="aurora", seed=7), "tests/test_a.py::test_b") == (
        "pytest tests/test_a.py::test_b --rds-profile=aurora --rds-seed=7"
    )


def test_it_repeats_what_is_not_as_usual_with_units():
    settings = Settings(seed=1, writers=8, rate=50.0, warmup=0.25, instances=3, json="out.json")

    assert command(settings, "t") == (
        "pytest t --rds-profile=quick --rds-seed=1 --rds-instances=3 --rds-writers=8"
        " --rds-rate=50.0 --rds-warmup=0.25s"
    )


@pytest.mark.parametrize(
    ("rate", "open_rate", "words"),
    [
        (0.0, 200.0, " --rds-load=closed"),
        (1000.0, 200.0, " --rds-load=precise"),
        (200.0, 200.0, ""),
        (50.0, 50.0, " --rds-rate=50.0"),
    ],
)
def test_it_names_the_load_as_it_was_asked_for(rate, open_rate, words):
    settings = Settings(seed=1, rate=rate, open_rate=open_rate)

    assert command(settings, "t") == f"pytest t --rds-profile=quick --rds-seed=1{words}"


def test_a_shell_takes_any_test_s_name_as_one_word():
    assert command(Settings(), "a.py::t[x y;'$z]").startswith("""pytest 'a.py::t[x y;'"'"'$z]' """)


def test_a_server_s_url_is_left_out_because_of_its_password():
    assert "secret" not in command(Settings(server="mysql://root:secret@db"), "t")
    assert "--rds-server=/usr/sbin/mariadbd" in command(Settings(server="/usr/sbin/mariadbd"), "t")
