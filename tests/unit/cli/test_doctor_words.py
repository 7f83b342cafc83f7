"""What `rdsfailover doctor` makes of what it finds; what it finds on this machine is told elsewhere."""

import json
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.cli import doctor
from pytest_rdsfailover.model.errors import SettingError

FINE = doctor.Requirement(what="server", state=doctor.OK, detail="MariaDB")
BETTER = doctor.Requirement(what="net", state=doctor.OPTIONAL, detail="slow", remedy="mend it")
GONE = doctor.Requirement(what="cache", state=doctor.MISSING, detail="no HOME", remedy="set HOME")


def test_a_finding_is_a_line_and_its_remedy_another():
    assert doctor.lines([FINE, BETTER]) == [
        "ok        server: MariaDB",
        "optional  net: slow",
        "          -> mend it",
    ]


def test_only_what_is_missing_keeps_trials_from_being_run():
    assert doctor.is_healthy([FINE, BETTER])
    assert not doctor.is_healthy([FINE, GONE])
    told = json.loads("\n".join(doctor.as_json([FINE, GONE])))
    assert (told["healthy"], told["requirements"][1]["remedy"]) == (False, "set HOME")


@pytest.mark.parametrize(
    ("hosts", "state"),
    [({"a": "127.0.0.1", "b": "127.0.0.1"}, "optional"), ({"a": "127.0.0.2"}, "ok"),
     ({"a": "127.0.0.1", "b": "127.0.0.2"}, "ok")],
)  # fmt: skip
def test_one_address_for_all_endpoints_is_a_reason_to_make_aliases(monkeypatch, hosts, state):
    monkeypatch.setattr(doctor.network, "hosts", lambda _: hosts)
    found = doctor._addresses()

    assert found.state == state
    assert bool(found.remedy) == (state == "optional")
    if found.remedy:
        assert "alias 127.0.0.11 && sudo ifconfig lo0 alias 127.0.0.12" in found.remedy


@pytest.mark.parametrize(("part", "what"), [("_server", "server"), ("_cache", "cache directory")])
def test_a_refusal_is_split_into_what_is_missing_and_what_to_type(monkeypatch, part, what):
    def refuse(_):
        raise SettingError("there is none; install one; then go on")

    monkeypatch.setattr(doctor.programs, "find_server", refuse)
    monkeypatch.setattr(doctor, "cache_directory", refuse)

    assert getattr(doctor, part)() == doctor.Requirement(
        what=what, state=doctor.MISSING, detail="there is none", remedy="install one; then go on"
    )


@pytest.mark.parametrize(("path", "state"), [("/bin/toxiproxy", "ok"), (None, "optional")])
def test_the_real_toxiproxy_is_no_need(monkeypatch, path, state):
    monkeypatch.setattr(doctor, "find_toxiproxy", lambda _: SimpleNamespace(path=path))
    found = doctor._toxiproxy()

    assert (found.state, bool(found.remedy)) == (state, path is None)


@pytest.mark.parametrize(("version", "state"), [((3, 11), "ok"), ((3, 10, 9), "missing")])
def test_an_older_python_is_refused(monkeypatch, version, state):
    monkeypatch.setattr(doctor.sys, "version_info", version)
    found = doctor._python()

    assert (found.state, bool(found.remedy)) == (state, state == "missing")


@pytest.mark.parametrize(("in_memory", "state"), [(True, "ok"), (False, "optional")])
def test_a_run_directory_on_a_disk_is_named(monkeypatch, in_memory, state):
    first = doctor.run_directory.MEMORY if in_memory else "/var/tmp"
    monkeypatch.setattr(doctor.run_directory, "bases", lambda: [first])

    assert doctor._memory().state == state


def test_an_extra_is_there_if_all_its_packages_are(monkeypatch):
    asked = [
        "pymysql>=1", "boto3>=1.39; extra == 'aws'", "moto[server]>=5; extra == 'aws'",
        "dnspython; extra == 'dns'", "ruff; extra == 'dev'", "x; extra == 'all'",
    ]  # fmt: skip
    versions = {"boto3": "1.40", "dnspython": "2.7"}
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda _: asked)
    monkeypatch.setattr(doctor, "_version", lambda name: versions.get(name, ""))

    assert [(one.what, one.state, one.detail, one.remedy) for one in doctor._extras()] == [
        ("extra aws", "optional", "moto not installed", "pip install 'pytest-rdsfailover[aws]'"),
        ("extra dns", "ok", "dnspython 2.7", ""),
    ]


def test_a_package_that_is_not_installed_has_no_version():
    assert doctor._version("no-such-package-anywhere") == ""
    assert doctor._version("pytest") != ""
