"""The hooks of a project, as what a test's trials call."""

import pytest

from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.model.target import Failover, Target
from pytest_rdsfailover.mysql import driver
from pytest_rdsfailover.trial.extensions import Extensions, UnsafeError
from pytest_rdsfailover.trial.trial import Trial


class ItemExtensions(Extensions):
    """What the hooks add to one test's trials; those of its folders' conftest.py count.

    Args:
        item: the test.
    """

    def __init__(self, item: pytest.Item) -> None:
        self._item, self._hook = item, item.ihook

    def before_trial(self, cluster: Target, endpoint: Endpoint) -> None:
        """Call `pytest_rdsfailover_before_trial`."""
        self._hook.pytest_rdsfailover_before_trial(
            item=self._item, cluster=cluster, endpoint=endpoint
        )

    def after_trial(self, cluster: Target, endpoint: Endpoint, trial: Trial) -> None:
        """Call `pytest_rdsfailover_after_trial`."""
        self._hook.pytest_rdsfailover_after_trial(
            item=self._item, cluster=cluster, endpoint=endpoint, trial=trial
        )

    def check_safety(self, cluster: Target, instance: str | None, profile: str | None) -> None:
        """Ask `pytest_rdsfailover_safety_check`.

        Raises:
            UnsafeError: if anybody refuses.
        """
        refusals = self._hook.pytest_rdsfailover_safety_check(
            item=self._item, cluster=cluster, instance=instance, profile=profile
        )
        if refusals:
            raise UnsafeError(f"the failover was not triggered: {'; '.join(refusals)}")

    @property
    def triggers(self) -> bool:
        """Tell whether anybody implements `pytest_rdsfailover_trigger`."""
        return bool(self._hook.pytest_rdsfailover_trigger.get_hookimpls())

    def trigger(
        self, cluster: Target, instance: str | None, profile: str | None, seed: int
    ) -> Failover | None:
        """Ask `pytest_rdsfailover_trigger`."""
        found: Failover | None = self._hook.pytest_rdsfailover_trigger(
            item=self._item, cluster=cluster, instance=instance, profile=profile, seed=seed
        )
        return found

    @property
    def classify(self) -> Classify | None:
        """Return what asks `pytest_rdsfailover_classify_error`, if anybody implements it."""
        hook = self._hook.pytest_rdsfailover_classify_error
        if not hook.get_hookimpls():
            return None

        def classify(error: Exception, sent: bool) -> tuple[Outcome, Fault]:  # noqa: FBT001 - a callback
            found: tuple[Outcome, Fault] | None = hook(error=error, sent=sent)
            return found or driver.classify(error, sent)

        return classify
