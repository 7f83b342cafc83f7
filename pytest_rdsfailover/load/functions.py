"""Writers in functions of AWS Lambda: invoked at once, for a given time, into one journal.

Functions cannot be asked meanwhile, nor be told to end: what they did is known when they return. Until
then the table that they write to tells who was served. A function that does not return has told
nothing: its slots are not issued, and what it may have stored is judged by nobody.
"""

import base64
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

from pytest_rdsfailover.aws.bucket import Bucket
from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.aws.functions import Invoked, LambdaFunction
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.journal import Journal, WriterJournal
from pytest_rdsfailover.journal.parcel import unpack
from pytest_rdsfailover.load.alignment import Offset
from pytest_rdsfailover.load.complaints import merged
from pytest_rdsfailover.load.engine import Check, Engine, LoadError
from pytest_rdsfailover.load.function_claims import FunctionStay
from pytest_rdsfailover.load.function_messages import FunctionOrder, FunctionReport, Warmed
from pytest_rdsfailover.load.function_notes import notes_of
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.standstills import standstill_notes
from pytest_rdsfailover.load.watchdog import Pause
from pytest_rdsfailover.load.workload import Position
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.files import parsed_json
from pytest_rdsfailover.model.typed import typed

WARM = 0.5  # seconds for which an environment is kept busy while the others are made
LEAD = 1.5  # seconds before the first slot in which functions connect their writers
ROOM = 60.0  # seconds beside the load in which a function has to return
LOOK_EVERY = 0.05  # seconds
MOST_PARCEL = 200_000_000  # bytes of what one function puts into a bucket
Stored = Callable[[], Iterable[Position]]


class FunctionLoad(Engine):
    """A load whose writers are in functions of AWS Lambda; a context manager.

    Args:
        function: who is invoked.
        order: what the first function is to do; its start is set later.
        align: returns how this machine's clock stands to the database's now.
        journal: takes over what all functions report.
        stored: returns the position of every stored write, while the load runs.
        bucket: where functions put what no answer has room for; None for nowhere.
    """

    def __init__(
        self,
        function: LambdaFunction,
        order: FunctionOrder,
        align: Callable[[], Offset],
        journal: Journal,
        stored: Stored,
        bucket: Bucket | None = None,
    ) -> None:
        super().__init__()
        self._function, self._order, self._align = function, order, align
        self._journal, self._stored, self._bucket = journal, stored, bucket
        self._own: Offset | None = None
        self._cold = self._sent = 0
        self._over = self._returned = False
        self._invoked: dict[int, tuple[Invoked, int]] = {}  # and when it returned
        self.unreported = [writer.writer for writer in journal.writers]

    @property
    def ends(self) -> float:
        """Return when the load is over; its functions return a little later."""
        return self.started + self._order.seconds

    def connect(self, timeout: float, check: Check | None = None) -> None:  # noqa: ARG002 - boto3 has its own
        """Have an environment made for each function; the writers connect when they begin.

        Raises:
            SettingError: if not all of them can run at once.
            LoadError: if none of them can be invoked.
            AwsError: if nothing can be put into the bucket.
        """
        count, room = self._order.functions, self._function.room()
        if room < count:
            raise SettingError(
                f"functions: {self._function.name} may run {room} times at once, not {count}; raise"
                " its concurrency, or take fewer functions with more writers"
            )
        if self._bucket is not None:
            self._bucket.check()
        with ThreadPoolExecutor(count) as pool:
            warmed = list(pool.map(self._function.invoke, [{"warm": WARM}] * count))
        if check is not None:
            check()
        if all(answer.problem for answer in warmed):
            raise LoadError(f"{self._function.name} {warmed[0].problem}: {warmed[0].text}")
        self._cold = sum(self._is_cold(answer) for answer in warmed if not answer.problem)
        self._own = self._align()

    def _is_cold(self, invoked: Invoked) -> bool:
        try:
            return typed(Warmed, parsed_json(invoked.payload), "its answer").cold
        except ValueError as error:
            raise LoadError(
                f"{self._function.name} is no load function of ours ({error}); its package is made by"
                " `rdsfailover lambda build`"
            ) from error

    def begin(self, start: int) -> None:
        """Invoke all functions, and wait for the moment at which their writers begin."""
        own = self._own = self._own or self._align()
        start = max(start, time.monotonic_ns() + to_nanoseconds(LEAD))
        super().begin(start)
        told, self._sent = replace(self._order, start=start + own.middle), time.monotonic_ns()
        for number in range(told.functions):
            threading.Thread(
                target=self._invoke, args=(replace(told, function=number),),
                name=f"rds-function-{number}", daemon=True,
            ).start()  # fmt: skip
        time.sleep(max(0.0, to_seconds(start - time.monotonic_ns())))

    def _invoke(self, order: FunctionOrder) -> None:
        if self._bucket is not None:
            url = self._bucket.url(str(order.function), LEAD + order.seconds + ROOM)
            order = replace(order, upload=url)
        invoked = self._function.invoke(asdict(order))
        self._invoked[order.function] = invoked, time.monotonic_ns()

    def acked_since(self, moment: float) -> int:  # noqa: ARG002 - nobody knows
        """Return 0: who was served is known when the functions have returned."""
        return 0

    def progress(self) -> Progress:
        """Return what is stored by now; of failures nothing is known yet.

        Raises:
            LoadError: if all functions have failed.
        """
        problems = [invoked for invoked, _ in list(self._invoked.values()) if invoked.problem]
        if len(problems) == self._order.functions:
            raise LoadError(f"every function {problems[0].problem}: {problems[0].text}")
        stored = Counter(str(writer) for writer, _ in self._stored())
        return Progress(acked_by=dict(stored), failed=0, complaints=self.complaints)

    def wait(self, look: Check, until: float | None = None) -> None:
        """Wait until all functions have returned, or can no longer.

        Args:
            look: is called now and then, and raises if waiting has become pointless.
            until: a moment at which to return before that; None for the end.
        """
        deadline = self.ends + ROOM if until is None else until
        while time.monotonic() < deadline and len(self._invoked) < self._order.functions:
            look()
            time.sleep(LOOK_EVERY)
        self._returned = until is None

    def stop(self, timeout: float = 10.0) -> None:  # noqa: ARG002 - nobody can be told to end
        """Take over what the functions that have returned report; the others are given up."""
        if self._over:
            return
        self._over = True
        self._gate.close()
        if self._returned:
            own = self._own or Offset(lower=0, upper=0)
            self._merge(own.until_now(self._align, since=self._gate.start))

    def _merge(self, own: Offset) -> None:
        """Put all reports into the journal, and know the rest."""
        silent: dict[int, str] = {}
        reports: dict[int, FunctionReport] = {}
        for number in range(self._order.functions):
            try:
                reports[number] = self._report(number, own)
            except ValueError as error:
                silent[number] = str(error)
                self._leave_out(number)
        shifts = {number: report.offset.to(own) for number, report in reports.items()}
        asleep = {n: _shifted(report.pauses, shifts[n]) for n, report in reports.items()}
        self.asleep = [asleep.get(number, []) for number in range(self._order.functions)]
        self.complaints = merged(
            _moved(complaint, shifts[number])
            for number, report in reports.items()
            for complaint in report.complaints
        )
        self.alignment = to_seconds(max((shift.error for shift in shifts.values()), default=0))
        self.unreported = [
            writer.writer for number in silent for writer in self._writers_of(number)
        ]
        self.notes = [
            *notes_of(self._order, self._cold, self.alignment, silent, reports),
            *standstill_notes("function", asleep),
        ]
        self._clear(silent.keys() | {n for n, report in reports.items() if report.parcel is None})

    def _clear(self, numbers: Iterable[int]) -> None:
        """Remove what functions may have put into the bucket."""
        if self._bucket is None:
            return
        problem = self._bucket.remove([str(number) for number in sorted(numbers)])
        if problem:
            self.notes = [*self.notes, problem]

    def _report(self, number: int, own: Offset) -> FunctionReport:
        """Take over what one function did.

        Raises:
            ValueError: saying why it has told nothing, or nothing that could be true.
        """
        invoked, returned = self._invoked.get(number, (Invoked(problem="did not return"), 0))
        if invoked.problem:
            raise ValueError(
                f"{invoked.problem} ({invoked.text})" if invoked.text else invoked.problem
            )
        try:
            report = typed(FunctionReport, parsed_json(invoked.payload), "its report")
            stay = FunctionStay(sent=self._sent, start=self._gate.start, returned=returned)
            stay.check(report)
            shift = report.offset.to(own)
            stay.check_pauses(report, shift)
            unpack(
                self._parcel(number, report.parcel),
                self._writers_of(number),
                shift=shift.middle,
                span=(stay.start - 2 * shift.error, stay.returned + 2 * shift.error),
                slots=stay.slots(self._period) if self._order.rate else 0,
            )
        except (ValueError, OverflowError, AwsError) as error:
            raise ValueError(f"its report was refused: {error}") from error
        return report

    def _parcel(self, number: int, parcel: str | None) -> bytes:
        if parcel is not None:
            return base64.b64decode(parcel, validate=True)
        if self._bucket is None:
            raise ValueError("it speaks of a bucket, and there is none")
        return self._bucket.read(str(number), MOST_PARCEL)

    @property
    def _period(self) -> float:
        return Schedule(writer=0, writers=self._order.writers, rate=self._order.rate).period

    def _writers_of(self, number: int) -> Sequence[WriterJournal]:
        return self._journal.writers[number :: self._order.functions]

    def _leave_out(self, number: int) -> None:
        """Note that no slot of a function's writers was issued."""
        if not self._order.rate:
            return
        end = self._gate.start + to_nanoseconds(self._order.seconds)
        for writer in self._writers_of(number):
            slots = Schedule(
                writer=writer.writer, writers=self._order.writers, rate=self._order.rate,
                start=self._gate.start,
            )  # fmt: skip
            count = math.ceil((end - slots.intended(0)) / slots.period)
            if count > 0:
                writer.skip(*slots.span(0, count))


def _shifted(pauses: Iterable[Pause], shift: Offset) -> list[Pause]:
    by = to_seconds(shift.middle)
    return [(first + by, last + by) for first, last in pauses]


def _moved(complaint: Complaint, shift: Offset) -> Complaint:
    return replace(complaint, first=complaint.first + to_seconds(shift.middle))
