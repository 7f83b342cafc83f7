"""Blue/green switchovers as data, and as the steps that the gateway plays."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.local.gateway.views import AVAILABLE, ClusterView
from pytest_rdsfailover.local.profiles.shapes import Shape, shape
from pytest_rdsfailover.local.profiles.tables import find_table, shipped_tables
from pytest_rdsfailover.model.errors import GatewayError, SettingError, did_you_mean
from pytest_rdsfailover.model.timeouts import USUAL_TIMEOUT

FILE = "switchovers.toml"
LONG_WRITE = 10  # seconds; AWS tells no number
GREEN_SESSIONS = ("keep", "drop")
OTHERS = ("about", "green_sessions", "long_write")  # what is no duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchover:
    """One kind of blue/green switchover. Durations count from the moment at which writes are refused.

    Attributes:
        name: what users call it.
        about: what it reproduces, in one sentence.
        prepare: how long AWS prepares it before that moment.
        drop: when sessions are dropped; new ones are refused until `switch`.
        switch: when green takes writes, under the names of blue.
        blue_dns: when DNS's blue names lead to green.
        green_dns: when DNS has no green names any more, which ends the switchover.
        long_write: how many seconds a write on blue may have been open when it begins.
        green_sessions: `keep` if only blue's sessions are among them, `drop` if green's are, too.
    """

    name: str
    about: str
    prepare: Shape
    drop: Shape
    switch: Shape
    blue_dns: Shape
    green_dns: Shape
    green_sessions: str
    long_write: int

    def __post_init__(self) -> None:
        """Refuse a switchover that cannot happen."""
        if self.green_sessions not in GREEN_SESSIONS:
            raise SettingError(
                f"switchover {self.name!r}: green_sessions is {self.green_sessions!r}; choose one of"
                f" {', '.join(GREEN_SESSIONS)}"
            )
        order = ("drop", "switch", "blue_dns", "green_dns")
        for early, late in itertools.pairwise(order):
            if getattr(self, early).high > getattr(self, late).low:
                raise SettingError(
                    f"switchover {self.name!r}: {late} may come before {early}; a switchover goes"
                    f" {', '.join(order)}"
                )

    def steps(
        self, view: ClusterView, *, seed: int, timeout: float = USUAL_TIMEOUT
    ) -> Sequence[Step]:
        """Return what the gateway is to do, offsets in seconds from the call.

        If green would not take writes within the time-out, all is rolled back then.

        Args:
            view: the cluster as it is, with its deployment.
            seed: decides the durations.
            timeout: seconds that it may take.

        Raises:
            GatewayError: if there is no deployment that could be switched over.
        """
        suffix, writer = _suffix(view), view.writer
        blue = [instance.id for instance in view.instances]
        chance = random.Random(seed)  # noqa: S311 - durations, no secrets
        frozen = self.prepare.sample(chance)
        dropped, switched, renamed, removed = (
            frozen + moment.sample(chance)
            for moment in (self.drop, self.switch, self.blue_dns, self.green_dns)
        )
        green = [name + suffix for name in blue if self.green_sessions == "drop"]
        begun = [
            Step(at=0.0, action="guard", instance=writer, how=str(self.long_write)),
            Step(at=0.0, action="initiate", instance=writer),
            Step(at=frozen, action="freeze", instance=writer),
            Step(at=dropped, action="hold", instance=writer, how="accept"),
            *(
                Step(at=dropped, action="cut", instance=name, how="reset")
                for name in (*blue, *green)
            ),
        ]
        if switched > timeout:
            return [
                *(step for step in begun if step.at < timeout),
                Step(at=timeout, action="roll_back", instance=writer),
                Step(at=timeout, action="follow", instance=writer),
            ]
        return [
            *begun,
            Step(at=switched, action="switch", instance=writer),
            Step(at=switched, action="follow", instance=writer),
            Step(at=renamed, action="rename", instance=writer),
            Step(at=removed, action="remove", instance=writer),
            Step(at=removed, action="complete", instance=writer),
        ]


def _suffix(view: ClusterView) -> str:
    """Return what the names of the green side end with, if it can be switched over."""
    deployment = view.deployment
    if deployment is None:
        raise GatewayError("there is no blue/green deployment; create one first")
    if deployment.switched:
        raise GatewayError("it has been switched over already; make another deployment")
    if deployment.status != AVAILABLE:
        raise GatewayError(f"the blue/green deployment is {deployment.status}, not {AVAILABLE}")
    return deployment.suffix


def load_switchover(name: str) -> Switchover:
    """Return a shipped switchover by name, or the user's own from a TOML file by path.

    Raises:
        SettingError: if there is none, or if it describes no possible switchover.
    """
    return _parse(*find_table("switchover", name, shipped_tables(FILE)))


def switchover_path(name: str) -> str:
    """Return a name or a path by which processes in other folders find the same switchover."""
    return str(Path(name).resolve()) if name.endswith(".toml") else name


def _parse(name: str, table: Mapping[str, Any]) -> Switchover:
    moments = [field.name for field in fields(Switchover) if field.name not in ("name", *OTHERS)]
    for key in table:
        if key not in (*moments, *OTHERS):
            hint = did_you_mean(key, [*moments, *OTHERS]) or f"; known: {', '.join(moments)}"
            raise SettingError(f"switchover {name!r} has an unknown field {key!r}{hint}")
    missing = [moment for moment in moments if moment not in table]
    if missing:
        raise SettingError(f"switchover {name!r} lacks the field {missing[0]!r}")
    long_write = table.get("long_write", LONG_WRITE)
    if type(long_write) is not int or long_write < 0:
        raise SettingError(
            f"switchover {name!r}: long_write is {long_write!r}; write whole seconds, as 10"
        )
    durations = {moment: shape(table[moment]) for moment in moments}
    return Switchover(
        name=name,
        about=str(table.get("about", "")),
        green_sessions=str(table.get("green_sessions", GREEN_SESSIONS[0])),
        long_write=long_write,
        **durations,
    )
