"""The package for Lambda: the same bytes each time, and only what travels."""

import io
import zipfile

import pytest

from pytest_rdsfailover.load import package
from pytest_rdsfailover.model.errors import SettingError


@pytest.fixture(scope="module")
def packed():
    return package.packed()


def test_the_same_input_makes_the_same_bytes(packed, monkeypatch):
    whole = package.contents()
    monkeypatch.setattr(package, "contents", lambda: dict(reversed(whole.items())))
    assert package.packed() == packed


def test_names_are_sorted_and_times_and_modes_are_fixed(packed):
    entries = zipfile.ZipFile(io.BytesIO(packed)).infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {(entry.create_system, entry.external_attr >> 16) for entry in entries} == {
        (3, 0o100644)
    }


def test_only_the_load_layers_and_the_driver_travel(packed):
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    folders = {"/".join(name.split("/")[:2]) for name in names if name.startswith("pytest_")}
    rooms = {"journal", "load", "model", "mysql"}
    assert folders == {f"pytest_rdsfailover/{part}" for part in rooms | {"__init__.py"}}
    assert {name.split("/")[0] for name in names} == {
        "pytest_rdsfailover",
        "pymysql",
        "rdsfailover_load.py",
    }
    assert all(name.endswith((".py", "/LICENSE")) for name in names)
    assert "pymysql/LICENSE" in names
    assert len(packed) <= 1_500_000


def test_what_is_imported_late_travels_too():
    assert {"pytest_rdsfailover.load.mixed", "pytest_rdsfailover.mysql.driver"} <= package.reached(
        "pytest_rdsfailover.load.function"
    )


def test_another_name_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"is a \.zip"):
        package.build(tmp_path / "package.tar")
