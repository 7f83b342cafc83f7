"""CloudWatch's composite alarms in moto's server, which keeps them but has no call that makes one."""

from typing import Any

from moto.cloudwatch.exceptions import CloudWatchException, ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"
USUAL, MOST = 50, 100  # alarms of a page


class InvalidNextToken(CloudWatchException):  # type: ignore[misc]
    """A page was asked for that no answer has led to."""

    code = "InvalidNextToken"


def install() -> None:
    """Put our calls beside moto's."""
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm
    describe = CloudWatchResponse.describe_alarms

    def describe_alarms(self: Any) -> ActionResult:
        """Answer `DescribeAlarms`; without `AlarmTypes` there are no composite alarms in it."""
        wanted = self._get_param("AlarmTypes") or [METRIC]
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

    CloudWatchResponse.describe_alarms = describe_alarms
