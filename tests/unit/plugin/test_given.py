"""Which source of an option wins, and from where its relative paths are meant."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.options import OPTIONS
from pytest_rdsfailover.plugin.options import given

HERE, PROJECT = Path("/here"), Path("/project")
[RATE] = [option for option in OPTIONS if option.name == "rate"]


def asked(
    monkeypatch, *, line=None, variable=None, ini=None, typed=(), inipath=PROJECT / "pytest.ini"
):
    monkeypatch.delenv("RDS_RATE", raising=False)
    if variable is not None:
        monkeypatch.setenv("RDS_RATE", variable)
    options = {RATE.dest: line, "override_ini": list(typed) or None}
    config = SimpleNamespace(
        invocation_params=SimpleNamespace(dir=HERE), inipath=inipath,
        getoption=lambda name, default=None: options.get(name, default),
        getini=lambda name: ini if name == RATE.dest else None,
    )  # fmt: skip
    return given(config).get(RATE)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"line": "1", "variable": "2", "ini": "3"}, ("--rds-rate", "1", HERE)),
        ({"variable": "2", "ini": "3"}, ("RDS_RATE", "2", HERE)),
        ({"ini": "3"}, ("rds_rate (ini)", "3", PROJECT)),
        ({"ini": "3", "typed": ["rds_rate=3"]}, ("-o rds_rate", "3", HERE)),
        ({"ini": "3", "typed": ["rds_rates=3"]}, ("rds_rate (ini)", "3", PROJECT)),
        ({"ini": "3", "inipath": None}, ("-o rds_rate", "3", HERE)),
        ({"ini": ""}, ("rds_rate (ini)", "", PROJECT)),  # somebody forgot to fill it in
        ({"ini": "", "typed": ["rds_rate="]}, ("-o rds_rate", "", HERE)),
        ({}, None),
    ],
)
def test_the_first_source_that_has_one_wins(monkeypatch, sources, expected):
    assert asked(monkeypatch, **sources) == expected
