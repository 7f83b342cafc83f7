"""How wrong this machine measures: freezes the local server for known times, and measures that."""

import contextlib
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.reliability import lateness, lateness_p99
from pytest_rdsfailover.analysis.series import Series, series_of
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.watchdog import Watchdog
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.processes.process import Process, Supervisor
from pytest_rdsfailover.local.server.programs import ServerUrl, find_server
from pytest_rdsfailover.local.server.server import OwnServer
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.mysql.driver import connect

FREEZES = (0.05, 0.2, 1.0)  # seconds
REPEATS = 5
CALM = 0.4  # seconds of load before and after each freeze, which are judged with it
SETTLE = 0.25  # seconds after a freeze, for the writes that it held up
# A frozen server must not make a writer give up: a stall is measured, not a reconnect.
PATIENT = ReconnectPolicy(bounds=Bounds(connect=2.0, read=30.0, write=30.0))
# The nanoseconds between which a server stopped, and those between which it went on.
Freeze = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One freeze as it was and as it was measured.

    Attributes:
        wanted: how long the freeze should be, in seconds.
        truth: how long it was.
        shortest: how long it was at least: stopping all threads takes a moment.
        longest: how long it was at most.
        measured: the downtime that the load's own journal says.
    """

    wanted: float
    truth: float
    shortest: float
    longest: float
    measured: Figure

    @property
    def error(self) -> float:
        """Return by how much the measured figure is too long, in seconds."""
        return self.measured.value - self.truth

    @property
    def inside(self) -> bool:
        """Tell whether the truth, as far as it is known, lies between the bounds of the figure."""
        return self.measured.lower <= self.longest and self.shortest <= self.measured.upper


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What this machine measured.

    Attributes:
        about: the server that was measured.
        rate: writes per second.
        writers: how many writers there were.
        readings: one for each freeze.
        natural_gap: the longest gap between two writes while nothing was frozen, in seconds.
        lateness_p99: 99 % of the writes were sent no later than this.
        own_pause: the longest time for which the load generator itself stood still.
        strangers: CPUs that other programs used; None if unknown.
    """

    about: str
    rate: float
    writers: int
    readings: Sequence[Reading]
    natural_gap: float
    lateness_p99: float
    own_pause: float
    strangers: float | None


@contextlib.contextmanager
def server() -> Iterator[tuple[OwnServer, Endpoint]]:
    """Run a server of our own on a loopback port.

    Raises:
        SettingError: if there is no program to start.
        NotReadyError: if the server does not start.
    """
    program = find_server(None)
    if isinstance(program, ServerUrl):
        raise SettingError("only a server of our own can be frozen; unset RDS_SERVER")
    with (
        Supervisor() as supervisor,
        reserve_port() as port,
        OwnServer(program, supervisor, port=port) as own_server,
    ):
        account = own_server.application
        yield (
            own_server,
            Endpoint(
                name="server",
                kind="writer",
                host="127.0.0.1",
                port=port,
                user=account.user,
                password=account.password,
                database=account.database,
                connector=connect,
            ),
        )


def calibrate(
    own_server: OwnServer,
    endpoint: Endpoint,
    *,
    rate: float = 1000.0,
    writers: int = 32,
    freezes: Sequence[float] = FREEZES,
    repeats: int = REPEATS,
) -> Calibration:
    """Freeze a server for known times under a load; return what the load measured of it.

    Args:
        own_server: the server to freeze.
        endpoint: where the writers connect.
        rate: writes per second that all writers together intend.
        writers: how many writers there are.
        freezes: how long each freeze lasts, in seconds.
        repeats: how often each length is frozen.

    Raises:
        NotReadyError: if the server does not stop when it is told to.
        LoadError: if the load does not start.
    """
    journal = Journal(uuid.uuid4().hex[:8], writers)
    workload = InsertWorkload(endpoint, journal.run)
    workload.create(endpoint)
    done: list[tuple[float, Freeze]] = []
    with Watchdog() as dog, ThreadLoad(workload, journal, rate=rate, policy=PATIENT):
        time.sleep(2 * CALM)
        for wanted in (length for _ in range(repeats) for length in freezes):
            done.append((wanted, _freeze(own_server.process, wanted)))
            time.sleep(SETTLE + CALM)
    all_series = series_of(journal)
    judged = [_judge(all_series, wanted, freeze, rate, dog.pauses) for wanted, freeze in done]
    return Calibration(
        about=own_server.about,
        rate=rate,
        writers=writers,
        readings=[reading for reading, _ in judged],
        natural_gap=max(natural for _, natural in judged),
        lateness_p99=to_seconds(lateness_p99(lateness(all_series))),
        own_pause=max((end - begin for begin, end in dog.pauses), default=0.0),
        strangers=dog.strangers,
    )


def _freeze(server: Process, seconds: float) -> Freeze:
    """Freeze a server; return when it stopped and when it went on.

    The supervisor takes the times: the threads of the load would make us take them late.
    """
    stopped = server.freeze()
    try:
        time.sleep(seconds)
    finally:
        released = server.thaw()
    return stopped, released


def _judge(
    all_series: Sequence[Series],
    wanted: float,
    freeze: Freeze,
    rate: float,
    pauses: Sequence[tuple[float, float]],
) -> tuple[Reading, float]:
    """Return a freeze's reading, as a trial would have judged it, and the calm's largest gap."""
    stopped, released = freeze
    # A release takes effect when it is sent. The processes that it wakes may keep the sender from
    # reading the clock after it, so the reading before it counts.
    begin, end = sum(stopped) // 2, released[0]
    course = Course(
        start=to_seconds(begin) - CALM,
        stop=to_seconds(end) + SETTLE,
        trigger=to_seconds(begin),
        settled=to_seconds(end),
        moves_writer=None,
        milestones=(),
        writer_before=None,
        writer_after=None,
        rate=rate,
        pauses=pauses,
    )
    absence = absences(all_series, course)
    reading = Reading(
        wanted=wanted,
        truth=to_seconds(end - begin),
        shortest=to_seconds(released[0] - stopped[1]),
        longest=to_seconds(end - stopped[0]),
        measured=absence.downtime,
    )
    return reading, to_seconds(absence.gaps.natural)
