"""What the control plane is told, and the windows that it shows."""

import datetime as dt
from dataclasses import replace

import pytest

from pytest_rdsfailover.local.aws_api.looks import ShownMember
from pytest_rdsfailover.local.aws_api.proxies import health, role, targets
from pytest_rdsfailover.local.aws_api.script import Script
from pytest_rdsfailover.local.aws_api.shown import Shown, deployment_id, windows
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.server.accounts import Address

SHOWN = Shown(
    cluster="c", region="r", control="/x", places={"cluster": ("127.0.0.2", 1234)}, user="u",
    password="never shown", database="d", server=Address(socket="/s"), usual=Script(profile=load_profile("quick"), seed=3),
)  # fmt: skip


def test_what_is_shown_survives_the_way_through_a_file():
    abroad = replace(SHOWN, abroad=("c-3",))

    assert Shown.decode(SHOWN.encode()) == SHOWN
    assert Shown.decode(abroad.encode()) == abroad


def test_no_repr_shows_the_password():
    assert "never shown" not in repr(SHOWN)


@pytest.mark.parametrize("hour", range(0, 24, 5))
@pytest.mark.parametrize("day", range(1, 8))
def test_the_windows_are_never_now(day, hour):
    now = dt.datetime(2026, 11, day, hour, 45, tzinfo=dt.UTC)
    backup, upkeep = windows(now)

    start, end = backup.split("-")
    assert not start <= f"{now:%H:%M}" <= end
    assert not upkeep.startswith(f"{now:%a}".lower())


def test_the_windows_last_half_an_hour_half_a_day_and_half_a_week_away():
    sunday = dt.datetime(2026, 11, 29, 17, 45, tzinfo=dt.UTC)

    assert windows(sunday) == ("05:45-06:15", "wed:23:45-thu:00:15")
    assert windows(sunday.replace(hour=18)) == ("06:45-07:15", "thu:00:45-thu:01:15")


def test_a_deployment_is_known_by_the_end_of_its_green_names():
    assert deployment_id("-green-abc123") == "bgd-0000000000abc123"


def member(**changes):
    return ShownMember(
        **({"id": "a", "writer": True, "status": "available", "role": "writer"} | changes)
    )


def test_a_demoted_writer_without_a_successor_has_no_known_role():
    assert role(member()) == "READ_WRITE"
    assert role(member(role="reader")) == "UNKNOWN"
    assert role(member(writer=False, role="reader")) == "READ_ONLY"


def test_an_instance_that_restarts_is_unavailable():
    assert health(member())["State"] == "AVAILABLE"
    assert health(member(status="rebooting"))["State"] == "UNAVAILABLE"


def test_a_proxy_tracks_the_cluster_and_lists_its_instances():
    found = targets("c", [member()], {"a": ("127.0.0.11", 3306)})

    assert [(one["Type"], one["RdsResourceId"], one["Port"]) for one in found] == [
        ("TRACKED_CLUSTER", "c", 0), ("RDS_INSTANCE", "a", 3306),
    ]  # fmt: skip
