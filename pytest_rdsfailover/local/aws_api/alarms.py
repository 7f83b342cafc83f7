"""CloudWatch's composite alarms in moto's server, which keeps them but has no call that makes one."""

from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"


def install() -> None:
    """Put our calls beside moto's."""
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm
    describe = CloudWatchResponse.describe_alarms

    def describe_alarms(self: Any) -> ActionResult:
        """Answer `DescribeAlarms`; without `AlarmTypes` there are no composite alarms in it."""
        wanted = self._get_param("AlarmTypes") or [METRIC]
        answer: ActionResult = describe(self)
        result = answer._result  # noqa: SLF001 - it has no other name
        for kind in (METRIC, COMPOSITE):
            if kind not in wanted:
                result[f"{kind}s"] = []
        return answer

    CloudWatchResponse.describe_alarms = describe_alarms
