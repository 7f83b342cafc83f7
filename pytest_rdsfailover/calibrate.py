"""How wrong this machine measures: the local server is frozen for known times, and measured.

`python -m pytest_rdsfailover.calibrate` prints the table; `calibrate` returns what it is made of.
"""

import argparse
import contextlib
import math
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.course import Course
from pytest_rdsfailover.analysis.downtime import Downtime
from pytest_rdsfailover.analysis.lanes import Lane, lanes
from pytest_rdsfailover.analysis.outages import MISSED_SLOTS
from pytest_rdsfailover.analysis.reliability import lateness, lateness_p99
from pytest_rdsfailover.analysis.statistics import median
from pytest_rdsfailover.driver import connect
from pytest_rdsfailover.endpoints import Bounds, Endpoint
from pytest_rdsfailover.errors import RdsFailoverError, SettingError
from pytest_rdsfailover.journal import Journal
from pytest_rdsfailover.load.threads import Load
from pytest_rdsfailover.load.vitals import Watchdog
from pytest_rdsfailover.load.workload import InsertWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.local.ports import reserve_port
from pytest_rdsfailover.local.process import Process, Supervisor
from pytest_rdsfailover.local.programs import ServerUrl, find_server
from pytest_rdsfailover.local.server import OwnServer
from pytest_rdsfailover.settings import format_duration, parse_duration

ABOUT = "Freeze a local server for known times; print how wrong it was measured."
FREEZES = (0.05, 0.2, 1.0)  # seconds
REPEATS = 5
CALM = 0.4  # seconds of load around each freeze, to be judged with it
SETTLE = 0.25  # seconds after a freeze, for the writes that it held up
# A frozen server must not make a writer give up: a stall is measured, not a reconnect.
PATIENT = ReconnectPolicy(bounds=Bounds(connect=2.0, read=30.0, write=30.0))
SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One freeze as it was and as it was measured.

    Attributes:
        wanted: how long the freeze should be, in seconds.
        truth: how long it was.
        measured: the downtime that the load's own journal says.
    """

    wanted: float
    truth: float
    measured: Downtime

    @property
    def error(self) -> float:
        """Return how much too long the figure is, in seconds."""
        return float(self.measured) - self.truth

    @property
    def inside(self) -> bool:
        """Tell whether the truth lies between the figure's own bounds."""
        return self.measured.lower <= self.truth <= self.measured.upper


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What this machine measured.

    Attributes:
        about: what it was measured on.
        rate: writes per second.
        writers: how many wrote.
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
        NotReadyError: if it does not start.
    """
    program = find_server(None)
    if isinstance(program, ServerUrl):
        raise SettingError("only a server of our own can be frozen; unset RDS_SERVER")
    with (
        Supervisor() as supervisor,
        reserve_port() as port,
        OwnServer(program, supervisor, port=port) as own,
    ):
        account = own.application
        yield (
            own,
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
    own: OwnServer,
    endpoint: Endpoint,
    *,
    rate: float = 1000.0,
    writers: int = 32,
    freezes: Sequence[float] = FREEZES,
    repeats: int = REPEATS,
) -> Calibration:
    """Freeze a server for known times under a load and return what the load made of it.

    Args:
        own: the server to freeze.
        endpoint: where the writers connect.
        rate: writes per second that they intend together.
        writers: how many there are.
        freezes: how long each freeze lasts, in seconds.
        repeats: how often each is done.

    Raises:
        NotReadyError: if the server does not stop when it is told to.
        LoadError: if the load does not start.
    """
    journal = Journal(uuid.uuid4().hex[:8], writers)
    workload = InsertWorkload(endpoint, journal.run)
    workload.create(endpoint)
    done: list[tuple[float, int, int]] = []
    with Watchdog() as dog, Load(workload, journal, rate=rate, policy=PATIENT):
        time.sleep(2 * CALM)
        for wanted in (length for _ in range(repeats) for length in freezes):
            done.append((wanted, *_freeze(own.process, wanted)))
            time.sleep(SETTLE + CALM)
    found = lanes(journal)
    judged = [_judge(found, freeze, rate, dog.pauses) for freeze in done]
    return Calibration(
        about=own.about,
        rate=rate,
        writers=writers,
        readings=[reading for reading, _ in judged],
        natural_gap=max(natural for _, natural in judged),
        lateness_p99=lateness_p99(lateness(found)) / SECOND,
        own_pause=max((last - first for first, last in dog.pauses), default=0.0),
        strangers=dog.strangers,
    )


def _freeze(server: Process, seconds: float) -> tuple[int, int]:
    """Freeze a server; return the nanoseconds from when all of it stood still to its release."""
    server.freeze()
    try:
        first = time.monotonic_ns()
        time.sleep(seconds)
        last = time.monotonic_ns()
        os.kill(server.pid, signal.SIGCONT)  # the supervisor would take its time
    finally:
        server.thaw()
    return first, last


def _judge(
    found: Sequence[Lane],
    freeze: tuple[float, int, int],
    rate: float,
    pauses: Sequence[tuple[float, float]],
) -> tuple[Reading, float]:
    """Return a freeze's reading, as a trial would have judged it, and the calm's largest gap."""
    wanted, first, last = freeze
    course = Course(
        start=first / SECOND - CALM,
        stop=last / SECOND + SETTLE,
        trigger=first / SECOND,
        settled=last / SECOND,
        moves_writer=None,
        milestones=(),
        writer_before=None,
        writer_after=None,
        rate=rate,
        pauses=pauses,
    )
    absence = absences(found, course)
    reading = Reading(wanted=wanted, truth=(last - first) / SECOND, measured=absence.downtime)
    return reading, absence.natural / SECOND


def lines(calibration: Calibration) -> Iterator[str]:
    """Yield the table, as Markdown."""
    yield f"{calibration.about}; {calibration.writers} writers, {calibration.rate:g} writes/s"
    yield ""
    yield "| freeze | times | error median | error p95 | error max | truth within bounds |"
    yield "|---|---|---|---|---|---|"
    lengths = sorted({reading.wanted for reading in calibration.readings})
    for length in lengths:
        these = [each for each in calibration.readings if each.wanted == length]
        yield _row(format_duration(length), these)
    if len(lengths) > 1:
        yield _row("all", calibration.readings)
    yield ""
    yield f"largest gap without a freeze: {format_duration(calibration.natural_gap)}"
    yield f"99 % of the writes were sent within {format_duration(calibration.lateness_p99)}"
    yield f"longest pause of the load generator itself: {format_duration(calibration.own_pause)}"
    if calibration.strangers is not None:
        yield f"other programs kept {calibration.strangers:.2f} CPUs busy"


def _row(name: str, readings: Sequence[Reading]) -> str:
    sizes = sorted(abs(reading.error) for reading in readings)
    middle = median(sorted(reading.error for reading in readings))
    p95 = sizes[math.ceil(0.95 * len(sizes)) - 1]
    within = sum(reading.inside for reading in readings)
    cells = (
        name,
        str(len(readings)),
        f"{middle * 1000:+.2f} ms",
        f"{p95 * 1000:.2f} ms",
        f"{sizes[-1] * 1000:.2f} ms",
        f"{within} of {len(readings)}",
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit status: 2 if nothing could be measured."""
    parser = argparse.ArgumentParser(prog="rdsfailover calibrate", description=ABOUT)
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--rate", type=float, default=1000.0, help="writes per second (1000)")
    parser.add_argument("--writers", type=int, default=32, help="concurrent writers (32)")
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, help=f"freezes of each length ({REPEATS})"
    )
    parser.add_argument(
        "--freeze",
        action="append",
        type=_duration,
        metavar="TIME",
        help="length of a freeze, as 200ms; may be given several times (50ms, 200ms, 1s)",
    )
    parser.set_defaults(run=run, parser=parser)


def run(chosen: argparse.Namespace) -> int:
    """Measure as the arguments say, print, and return the exit status."""
    _check(chosen.parser, chosen)
    try:
        with server() as (own, endpoint):
            result = calibrate(
                own,
                endpoint,
                rate=chosen.rate,
                writers=chosen.writers,
                freezes=chosen.freeze or FREEZES,
                repeats=chosen.repeats,
            )
    except RdsFailoverError as error:
        print(f"rdsfailover calibrate: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    print("\n".join(lines(result)))  # noqa: T201 - a command
    return 0


def _check(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> None:
    """Refuse what cannot be measured, before any server starts."""
    if chosen.rate <= 0 or chosen.writers < 1 or chosen.repeats < 1:
        parser.error("rate, writers and repeats must be above 0")
    shortest = max(MISSED_SLOTS / chosen.rate, 0.01)
    for freeze in chosen.freeze or FREEZES:
        if freeze <= shortest:
            parser.error(
                f"{chosen.rate:g} writes per second cannot see a freeze of"
                f" {format_duration(freeze)}: the shortest is {format_duration(shortest)}"
            )


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except SettingError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
