"""CloudWatch's composite alarms in moto's server, which keeps them but follows no rule of theirs."""

from collections.abc import Collection
from typing import Any

from moto.cloudwatch.exceptions import CloudWatchException, ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from pytest_rdsfailover.local.aws_api.alarm_rules import AlarmRule, AlarmRuleError

METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"
USUAL, MOST = 50, 100  # alarms of a page
DEEPEST = 20  # composite alarms that follow each other; what is deeper, or in a circle, is unknown
UNKNOWN = "INSUFFICIENT_DATA"


class InvalidNextToken(CloudWatchException):  # type: ignore[misc]
    """A page was asked for that no answer has led to."""

    code = "InvalidNextToken"


def install() -> None:
    """Put our calls beside moto's."""
    put, describe = CloudWatchResponse.put_metric_alarm, CloudWatchResponse.describe_alarms

    def put_composite_alarm(self: Any) -> ActionResult:
        """Answer `PutCompositeAlarm`, if its rule can be read."""
        try:
            AlarmRule(self._get_param("AlarmRule", ""))
        except AlarmRuleError as error:
            raise ValidationError(str(error)) from None
        return put(self)

    def describe_alarms(self: Any) -> ActionResult:
        """Answer `DescribeAlarms`; without `AlarmTypes` there are no composite alarms in it."""
        wanted = self._get_param("AlarmTypes") or [METRIC]
        _follow_rules(self.cloudwatch_backend.alarms.values())
        found: Any = describe(self).result
        alarms = [
            (kind, alarm)
            for kind in (COMPOSITE, METRIC)
            if kind in wanted
            for alarm in found[f"{kind}s"]
        ]
        most, token = int(self._get_param("MaxRecords", USUAL)), self._get_param("NextToken") or "0"
        if not 1 <= most <= MOST:
            raise ValidationError(f"MaxRecords is {most}, and may be 1 to {MOST}")
        if not (token.isascii() and token.isdigit() and int(token) <= len(alarms)):
            raise InvalidNextToken(f"{token} is no token of an answer")
        start, end = int(token), int(token) + most
        listed = {
            f"{kind}s": [alarm for of, alarm in alarms[start:end] if of == kind]
            for kind in (METRIC, COMPOSITE)
        }
        return ActionResult(listed | ({"NextToken": str(end)} if end < len(alarms) else {}))

    CloudWatchResponse.put_composite_alarm = put_composite_alarm
    CloudWatchResponse.describe_alarms = describe_alarms


def _follow_rules(alarms: Collection[Any]) -> None:
    """Bring all composite alarms into the state that their rules say."""
    known = {key: alarm for alarm in alarms for key in (alarm.name, alarm.alarm_arn)}
    states: dict[str, str] = {}

    def state_of(name: str, depth: int = 0) -> str:
        """Return the state of an alarm by its name or ARN; each is looked at once."""
        alarm = known.get(name)
        if alarm is None or depth > DEEPEST:
            return UNKNOWN
        if alarm.rule is None:
            return str(alarm.state_value)
        if name not in states:
            states[name] = UNKNOWN  # for a rule that leads back here
            holds = AlarmRule(alarm.rule).holds(lambda inner: state_of(inner, depth + 1))
            states[name] = "ALARM" if holds else "OK"
        return states[name]

    for alarm in alarms:
        state = state_of(alarm.name)
        if state != alarm.state_value:
            alarm.update_state("its rule says so", "{}", state)
