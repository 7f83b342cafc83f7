"""The metrics `AWS/RDS` of the local cluster and its proxy in moto's CloudWatch."""

from typing import Any

from moto.cloudwatch.models import Dimension, MetricDatum
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.common_models import CloudWatchMetricProvider
from moto.core.responses import ActionResult
from moto.rds.models import rds_backends

from pytest_rdsfailover.local.aws_api.resources import ShownInstance
from pytest_rdsfailover.local.aws_api.sampler import Sampler

NAMESPACE = "AWS/RDS"
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def install(sampler: Sampler) -> None:
    """Let moto find the metrics, and compare dimensions in any order."""
    ClusterMetrics.sampler = sampler
    Dimension.__lt__ = _is_before
    _refuse_what_moto_leaves_out()


def _refuse_what_moto_leaves_out() -> None:
    """Put checks before moto's calls: it would answer percentiles and expressions without a figure."""
    statistics, data = CloudWatchResponse.get_metric_statistics, CloudWatchResponse.get_metric_data

    def get_metric_statistics(self: Any) -> ActionResult:
        for name in self._get_param("ExtendedStatistics") or ():
            raise NotImplementedError(f"the statistic {name}")
        return statistics(self)

    def get_metric_data(self: Any) -> ActionResult:
        queries = self._get_params().get("MetricDataQueries", [])
        names = [query.get("Id") for query in queries]
        for query in queries:
            expression = query.get("Expression")
            if expression and expression not in names:
                raise NotImplementedError(f"the expression {expression}")
            statistic = query.get("MetricStat", {}).get("Stat", STATISTICS[0])
            if statistic not in STATISTICS:
                raise NotImplementedError(f"the statistic {statistic}")
        return data(self)

    CloudWatchResponse.get_metric_statistics = get_metric_statistics
    CloudWatchResponse.get_metric_data = get_metric_data


def _is_before(one: Any, other: Any) -> bool:
    before: bool = (one.name, one.value or "") < (other.name, other.value or "")
    return before


class _Datum(MetricDatum):  # type: ignore[misc]
    """One value of a metric."""

    def filter(
        self,
        namespace: str | None,
        name: str | None,
        dimensions: list[dict[str, str]],
        already_present_metrics: list[Any] | None = None,
    ) -> bool:
        """Tell whether it is asked for; statistics ask for all of its dimensions, lists for some."""
        own = _by_name(self.dimensions)
        if already_present_metrics is None:
            return {dimension["Name"]: dimension["Value"] for dimension in dimensions} == own
        listed = ((metric.name, _by_name(metric.dimensions)) for metric in already_present_metrics)
        found: bool = super().filter(namespace, name, dimensions)
        return found and (self.name, own) not in listed


def _by_name(dimensions: Any) -> dict[str, str]:
    return {dimension.name: dimension.value for dimension in dimensions}


class ClusterMetrics(CloudWatchMetricProvider):  # type: ignore[misc]
    """Where moto finds the metrics of the local cluster and its proxy."""

    sampler: Sampler

    @classmethod
    def get_cloudwatch_metrics(cls, account_id: str, region: str) -> list[MetricDatum]:
        """Return the metrics of a region."""
        clusters = {
            name: instance.db_cluster_identifier
            for name, instance in rds_backends[account_id][region].databases.items()
            if isinstance(instance, ShownInstance)
        }
        if not clusters:
            return []
        return [
            _Datum(
                NAMESPACE, point.name, point.value,
                [{"Name": key, "Value": value} for key, value in point.dimensions.items()],
                at.replace(tzinfo=None), point.unit,
            )
            for at, point in cls.sampler.points(clusters)
        ]  # fmt: skip
