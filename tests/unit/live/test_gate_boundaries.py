"""Each gate alone at its exact boundaries, so that a rule that is wrong by one step is noticed."""

from datetime import UTC, datetime, timedelta

import pytest
from facts import ARN, NOW, cluster, evidence, member, proxy, settings

from pytest_rdsfailover.live import gates
from pytest_rdsfailover.live.consent import REFUSALS
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.windows import in_window, within
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import SYSTEM_SCHEMAS


def forced(**changes):
    """Return settings that the options would refuse: the gates do not rely on them."""
    asked = settings()
    for name, value in changes.items():
        object.__setattr__(asked, name, value)
    return asked


@pytest.mark.parametrize(
    "schema", [*sorted(SYSTEM_SCHEMAS), "MySQL", "SYS", "Information_Schema", ""]
)
def test_a_system_schema_is_none_to_write_to(schema):
    assert "is no schema to write to" in gates.traceable(evidence(asked=forced(schema=schema)))


@pytest.mark.parametrize("schema", ["mysql_", "my", "system", "rdsfailover"])
def test_a_schema_that_only_resembles_one_may_be_written_to(schema):
    assert gates.traceable(evidence(asked=forced(schema=schema))) == ""


@pytest.mark.parametrize(
    ("most", "used", "is_open"),
    [(1, 0, True), (1, 1, False), (3, 2, True), (3, 3, False), (3, 4, False)],
)
def test_the_last_failover_of_the_budget_is_allowed_and_no_more(most, used, is_open):
    assert (gates.budget(evidence(asked=settings(max_failovers=most), used=used)) == "") == is_open


@pytest.mark.parametrize(("age", "is_open"), [(59.999, True), (60.0, True), (60.001, False)])
def test_the_session_may_be_as_old_as_it_was_allowed(age, is_open):
    it = evidence(asked=settings(max_time=60.0), session_age=age)
    assert (gates.budget(it) == "") == is_open


@pytest.mark.parametrize(
    ("ago", "is_open", "why"),
    [
        (300.0, True, ""), (299.999, False, "must lie between two"), (300.001, True, ""),
        (0.0, False, "was 0 s ago"), (-5.0, False, "was 0 s ago"), (-5.001, False, "ahead"),
        (-1e9, False, "a clock is wrong"),
    ],
)  # fmt: skip
def test_the_interval_ends_when_it_is_over(ago, is_open, why):
    told = gates.budget(evidence(failovers=(NOW.timestamp() - 9e5, NOW.timestamp() - ago)))

    assert (told == "") == is_open
    assert why in told


@pytest.mark.parametrize(
    ("span", "time", "is_open"),
    [
        ("01:00-05:00", "00:59", False), ("01:00-05:00", "01:00", True),
        ("01:00-05:00", "04:59", True), ("01:00-05:00", "05:00", False),
        ("22:00-02:00", "21:59", False), ("22:00-02:00", "22:00", True),
        ("22:00-02:00", "00:00", True), ("22:00-02:00", "01:59", True),
        ("22:00-02:00", "02:00", False),
    ],
)  # fmt: skip
def test_hours_begin_with_their_first_minute_and_end_before_their_last(span, time, is_open):
    hour, minute = map(int, time.split(":"))
    now = datetime(2026, 11, 23, hour, minute, 59, tzinfo=UTC)

    assert within(span, now) == is_open
    assert (gates.budget(evidence(asked=settings(hours=span), now=now)) == "") == is_open


@pytest.mark.parametrize(
    ("minutes", "is_in"), [(-16, False), (-15, True), (0, True), (29, True), (30, False)]
)
@pytest.mark.parametrize("window", ["14:00-14:30", "mon:14:00-mon:14:30"])
def test_a_window_is_closed_a_quarter_of_an_hour_before_it_opens(window, minutes, is_in):
    assert in_window(window, NOW + timedelta(minutes=minutes)) == is_in
    field = "maintenance_window" if window.startswith("mon") else "backup_window"
    it = evidence(cluster=cluster(**{field: window}), now=NOW + timedelta(minutes=minutes))
    assert ("window" in gates.state(it)) == is_in


@pytest.mark.parametrize("killed", [True, False])
def test_the_kill_switch_alone_decides(killed):
    assert bool(gates.budget(evidence(killed=killed, asked=settings(kill_switch="/x")))) == killed


@pytest.mark.parametrize("value", sorted(REFUSALS | {"FALSE", " no ", "Denied"}))
def test_every_word_that_denies_forbids(value):
    it = evidence(cluster=cluster(tags={"rdsfailover:allowed": value}))
    assert "forbids it" in gates.consent(it)


@pytest.mark.parametrize("value", ["True", "true ", "TRUE", "tru", "truee", "yes", ""])
def test_the_opt_in_is_equal_to_the_letter(value):
    it = evidence(cluster=cluster(tags={"rdsfailover:allowed": value}))
    assert "must carry the tag" in gates.consent(it)


@pytest.mark.parametrize("override", ["orders-tes", "orders-test2", "ORDERS-TEST", "prod", "*"])
def test_an_override_is_for_one_cluster_by_its_whole_name(override):
    tags = {"rdsfailover:allowed": "true", "env": "prod"}
    it = evidence(asked=settings(production_override=override), cluster=cluster(tags=tags))
    assert "looks like production" in gates.consent(it)


@pytest.mark.parametrize("require_tls", [True, False])
@pytest.mark.parametrize("tls", ["verify", "off"])
def test_a_proxy_that_requires_tls_gets_it(require_tls, tls):
    it = evidence(asked=forced(proxy="orders-proxy", tls=tls), proxy=proxy(require_tls=require_tls))
    assert ("requires TLS" in gates.proxy(it)) == (require_tls and tls == "off")


@pytest.mark.parametrize(("available", "is_open"), [(0, False), (1, True)])
def test_one_available_target_of_a_proxy_is_enough(available, is_open):
    it = evidence(asked=settings(proxy="orders-proxy"), proxy=proxy(available=available))
    assert (gates.proxy(it) == "") == is_open


@pytest.mark.parametrize("count", [1, 2, 3])
def test_two_instances_are_enough(count):
    members = tuple(member(f"i{number}", writer=number == 0) for number in range(count))
    plan = TriggerPlan(writer="i0", target=None)
    it = evidence(cluster=cluster(members=members), plan=plan)
    assert (gates.state(it) == "") == (count >= 2)


@pytest.mark.parametrize(
    ("arns", "actions", "why"),
    [
        ({ARN}, {"aws:rds:failover-db-cluster"}, ""),
        (set(), {"aws:rds:failover-db-cluster"}, "may act on nothing"),
        ({ARN, ARN + "2"}, {"aws:rds:failover-db-cluster"}, f"may act on {ARN}2"),
        ({ARN}, ["aws:fis:wait", "aws:rds:failover-db-cluster"], "more than one failover: aws:fis:wait, aws"),
        ({ARN}, ["aws:rds:failover-db-cluster"] * 2, "more than one failover"),
        ({ARN}, [], "more than one failover: nothing"),
    ],
)  # fmt: skip
def test_an_experiment_acts_on_this_cluster_and_does_nothing_else(arns, actions, why):
    asked = settings(trigger="fis", fis_template="EXT1")
    told = gates.permission(evidence(asked=asked, experiment=(frozenset(arns), tuple(actions))))
    assert (told == "") if not why else (why in told)


def test_hours_of_no_time_at_all_are_a_mistake_and_no_gate():
    with pytest.raises(SettingError, match="no time at all"):
        settings(hours="05:00-05:00")
    assert settings(hours="05:00-05:01").hours == "05:00-05:01"
