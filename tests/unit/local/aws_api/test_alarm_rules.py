"""What a composite alarm's rule says, and what is no rule."""

import pytest

from pytest_rdsfailover.local.aws_api.alarm_rules import AlarmRule, AlarmRuleError

STATES = {"bad": "ALARM", "good": "OK", "new": "INSUFFICIENT_DATA", "a (b) 'c'": "ALARM", 'say "x"': "OK",
          "arn:aws:cloudwatch:us-east-2:123456789012:alarm:bad": "ALARM"}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(bad)", True), ("ALARM(good)", False), ("OK(good)", True), ("INSUFFICIENT_DATA(new)", True),
        ("OK(new)", False), (" ALARM ( bad ) ", True), ("TRUE", True), ("FALSE", False), ("NOT FALSE", True),
        ("NOT NOT ALARM(bad)", True), ("(TRUE)", True), ("((ALARM(good)))", False),
        ("TRUE OR TRUE AND FALSE", True), ("(TRUE OR TRUE) AND FALSE", False), ("NOT TRUE OR TRUE", True),
        ("NOT (TRUE OR TRUE)", False), ("ALARM(bad) AND OK(good) AND INSUFFICIENT_DATA(new)", True),
        ("ALARM(good) OR ALARM(new) OR ALARM(bad)", True), ("""ALARM("a (b) 'c'")""", True),
        (r"""OK("say \"x\"")""", True), ("ALARM('bad')", True),
        ("ALARM(arn:aws:cloudwatch:us-east-2:123456789012:alarm:bad)", True),
        ("(" * 90 + "TRUE" + ")" * 90, True),
    ],
)  # fmt: skip
def test_a_rule_holds(rule, holds):
    assert AlarmRule(rule).holds(STATES.__getitem__) is holds


@pytest.mark.parametrize(
    "rule",
    [
        "", " ", "ALARM", "ALARM()", "ALARM(bad", "ALARM(bad))", "(TRUE", "TRUE FALSE", "AND TRUE", "TRUE AND",
        "TRUE OR", "NOT", "alarm(bad)", "ALARM('bad)", "TRUEFALSE", "()", "TRUE NOT TRUE", "(" * 200 + "TRUE" + ")" * 200,
        "NOT " * 9000 + "TRUE",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(AlarmRuleError):
        AlarmRule(rule)
