"""The calls that move or restart a writer; the gates have allowed them before."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytest_rdsfailover.aws import trigger
from pytest_rdsfailover.aws.trigger import Triggered
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.gates import ClosedGate, RefusedError
from pytest_rdsfailover.live.probes import ROLE, SHORT
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.mysql import driver

CRASH = "ALTER SYSTEM CRASH INSTANCE"
WITHIN = Bounds(connect=5.0, read=15.0, write=15.0)  # seconds; the crash itself answers nothing


class LiveTrigger:
    """One kind of trigger.

    Args:
        asked: which trigger, and what it acts on.
        region: the AWS API.
        endpoint_of: returns the endpoint of an instance by its id.
        clock: what to time the call with.
    """

    def __init__(
        self,
        asked: LiveSettings,
        region: Region,
        endpoint_of: Callable[[str], Endpoint],
        clock: Clock,
    ) -> None:
        self._asked, self._region, self._clock = asked, region, clock
        self._endpoint_of = endpoint_of
        self.kind = asked.trigger

    @property
    def moves_writer(self) -> bool:
        """Tell whether an instance of another name should be the writer afterwards."""
        return self.kind in ("failover", "fis", "switchover")

    def prepare(self) -> None:
        """Make the boto3 client on this thread now, so that the trigger need not wait for it."""
        if self.kind != "crash":
            self._region.client("fis" if self.kind == "fis" else "rds", once=True)

    def __call__(self, plan: TriggerPlan) -> Triggered:
        """Trigger, once, on what was judged: the plan's writer and target, or what is named.

        Raises:
            RefusedError: if the writer says itself that it is not the one that was judged.
            AwsError: if AWS refuses, or cannot be asked.
        """
        acts: Mapping[str, Callable[[TriggerPlan], Triggered]] = {
            "failover": self._fail_over,
            "fis": self._experiment,
            "reboot": self._reboot,
            "crash": self._crash,
            "switchover": self._switch_over,
            "blue-green": self._switch_over_blue_green,
        }
        if self.kind != "crash":  # which asks on the session that is to crash
            self._ask_writer(plan)
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

    def _switch_over_blue_green(self, plan: TriggerPlan) -> Triggered:  # noqa: ARG002 - named
        rds, asked = self._region.client("rds", once=True), self._asked
        return trigger.switch_over_blue_green(
            rds, asked.blue_green_deployment or "", int(asked.switchover_timeout), clock=self._clock
        )

    def _ask_writer(self, plan: TriggerPlan) -> None:
        """Hold the plan to what its writer says itself: the API tells some seconds later than SQL.

        A writer that does not answer, or refuses the login, says nothing: the gates have judged it.
        """
        try:
            with self._session(plan, SHORT) as cursor:
                self._check_instance(cursor, plan, "the writer when this was planned")
        except RefusedError:
            raise
        except Exception as error:
            if driver.fault_of(error).kind == "client":
                raise

    def _crash(self, plan: TriggerPlan) -> Triggered:
        with self._session(plan, WITHIN) as cursor:
            self._check_instance(cursor, plan, "to be crashed")
            sent = self._clock.now()
            self._send_crash(cursor)
        return Triggered(sent=sent, answered=self._clock.now(), request_id="", headers={})

    @contextmanager
    def _session(self, plan: TriggerPlan, bounds: Bounds) -> Iterator[Any]:
        """Give a cursor on the judged writer."""
        connection = driver.connect(self._endpoint_of(plan.writer), bounds=bounds)
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            driver.close(connection)

    def _check_instance(self, cursor: Any, plan: TriggerPlan, was: str) -> None:
        """Ask the instance who it is: its name may lead elsewhere, its role may have changed."""
        cursor.execute(ROLE)
        name, read_only = cursor.fetchone()
        if name != plan.writer or read_only:
            role = "a reader" if read_only else "the writer"
            why = f"{plan.writer} was {was}, but {name} answers, as {role}"
            raise RefusedError(self._asked.cluster, (ClosedGate(gate="unchanged", why=why),))

    def _send_crash(self, cursor: Any) -> None:
        try:
            cursor.execute(CRASH)
        except Exception as error:
            # A crash ends the session that asked for it, so an instance that answers has not
            # crashed.
            if driver.fault_of(error).kind not in ("reset", "timeout"):
                raise
