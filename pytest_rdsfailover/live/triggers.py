"""The calls that move or restart a writer; the gates have allowed them before."""

from collections.abc import Callable, Mapping

from pytest_rdsfailover.aws import trigger
from pytest_rdsfailover.aws.trigger import Triggered
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.mysql import driver

CRASH = "ALTER SYSTEM CRASH INSTANCE"


class LiveTrigger:
    """One kind of trigger.

    Args:
        asked: which trigger, and what it acts on.
        region: the AWS API.
        writer: returns the endpoint of the instance to crash.
        clock: what to time the call with.
    """

    def __init__(
        self, asked: LiveSettings, region: Region, writer: Callable[[], Endpoint], clock: Clock
    ) -> None:
        self._asked, self._region, self._writer, self._clock = asked, region, writer, clock
        self.kind = asked.trigger

    @property
    def moves_writer(self) -> bool:
        """Tell whether another instance should be the writer afterwards."""
        return self.kind in ("failover", "fis", "switchover")

    def prepare(self) -> None:
        """Make the boto3 client on this thread now, so that the trigger need not wait for it."""
        if self.kind != "crash":
            self._region.client("fis" if self.kind == "fis" else "rds", once=True)

    def __call__(self, plan: TriggerPlan) -> Triggered:
        """Trigger, once.

        Raises:
            AwsError: if AWS refuses, or cannot be asked.
        """
        acts: Mapping[str, Callable[[TriggerPlan], Triggered]] = {
            "failover": self._fail_over,
            "fis": self._experiment,
            "reboot": self._reboot,
            "crash": self._crash,
            "switchover": self._switch_over,
        }
        return acts[self.kind](plan)

    def _fail_over(self, plan: TriggerPlan) -> Triggered:
        rds = self._region.client("rds", once=True)
        return trigger.fail_over(rds, self._asked.cluster, plan.target, clock=self._clock)

    def _experiment(self, plan: TriggerPlan) -> Triggered:  # noqa: ARG002 - the template names the target
        fis = self._region.client("fis", once=True)
        return trigger.start_experiment(fis, self._asked.fis_template or "", clock=self._clock)

    def _reboot(self, plan: TriggerPlan) -> Triggered:
        rds = self._region.client("rds", once=True)
        return trigger.reboot(rds, plan.writer, clock=self._clock)

    def _switch_over(self, plan: TriggerPlan) -> Triggered:  # noqa: ARG002 - a cluster takes over
        rds, asked = self._region.client("rds", once=True), self._asked
        return trigger.switch_over(
            rds, asked.global_cluster, asked.switchover_to, clock=self._clock
        )

    def _crash(self, plan: TriggerPlan) -> Triggered:  # noqa: ARG002 - the endpoint is the writer's
        connection = driver.connect(self._writer())
        sent = self._clock.now()
        try:
            with connection.cursor() as cursor:
                cursor.execute(CRASH)
        except Exception as error:
            # A crash ends the session that asked for it. An instance that answers has not crashed.
            if driver.fault_of(error).kind not in ("reset", "timeout"):
                raise
        finally:
            driver.close(connection)
        return Triggered(sent=sent, answered=self._clock.now(), request_id="", headers={})
