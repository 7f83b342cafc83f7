"""Calibration on a real server: known freezes are found, and the table is printed."""

import pytest

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.cli.calibrate import lines
from pytest_rdsfailover.cli.calibration import Calibration, Reading, calibrate, server
from pytest_rdsfailover.cli.main import main
from pytest_rdsfailover.local.server.programs import ServerProgram

pytestmark = pytest.mark.local
NOISE = 0.06  # seconds, a fifth of the shorter freeze; a quiet machine errs by 2 ms


@pytest.mark.one_server  # a stopped process is stopped, whichever it is
def test_freezes_of_known_length_are_measured(server_program: ServerProgram, monkeypatch):
    monkeypatch.setenv("RDS_SERVER", str(server_program.path))
    with server() as (own, endpoint):
        found = calibrate(own, endpoint, rate=400.0, writers=8, freezes=(0.3, 0.8), repeats=1)

    short, long = found.readings
    assert 0.3 <= short.truth < long.truth
    assert short.measured.value < long.measured.value
    for reading in found.readings:
        assert reading.measured.lower - NOISE < reading.truth < reading.measured.upper + NOISE
        assert abs(reading.error) < NOISE + reading.measured.resolution


def test_the_table_counts_what_lies_outside_its_bounds():
    good, bad = (
        Reading(
            wanted=0.2, truth=truth, shortest=truth - 0.001, longest=truth + 0.001,
            measured=Figure(0.199, 0.203),
        )
        for truth in (0.2, 0.25)
    )  # fmt: skip
    result = Calibration(
        about="a server", rate=1000.0, writers=32, readings=[good, bad],
        natural_gap=0.004, lateness_p99=0.001, own_pause=0.0, strangers=None,
    )  # fmt: skip

    assert "| 200 ms | 2 | -24.00 ms | 49.00 ms | 49.00 ms | 1 of 2 |" in lines(result)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--freeze", "5"], "is not a duration"),
        (["--freeze", "5ms"], "cannot see a freeze of 5.00 ms"),
        (["--rate", "10"], "cannot see a freeze of 50.0 ms"),
        (["--writers", "0"], "above 0"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_a_server_starts(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as end:
        main(["calibrate", *arguments])

    assert end.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_missing_server_is_said_in_one_line(monkeypatch, capsys):
    monkeypatch.setenv("RDS_SERVER", "/nowhere/mysqld")

    assert main(["calibrate"]) == 2
    assert "/nowhere/mysqld" in capsys.readouterr().err
