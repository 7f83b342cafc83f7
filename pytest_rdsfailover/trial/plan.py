"""How a trial is run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.engines import ENGINES
from pytest_rdsfailover.load.processes import LoadOrder
from pytest_rdsfailover.load.workloads import MakeWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import (
    CALM_ERRORS,
    CALM_NOT_ISSUED,
    check_rate,
    check_writers,
)

MOST_FUNCTIONS = 10_000
MOST_SECONDS = 890.0  # of Lambda's 900, of which a function keeps 10 to begin and to report


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a trial is run; durations in seconds.

    Attributes:
        writers: how many write at the same time.
        rate: writes per second that they intend together; 0 for as many as the answers allow.
        seed: decides every sampled duration.
        warmup: load before the trigger.
        cooldown: load after all writers are back, without an error.
        bound: after the last trigger, when the trial stops waiting for all to be well.
        calm_errors: which share of the operations may fail before anything is triggered.
        calm_not_issued: which share of the slots may find no free writer before the trigger.
        policy: how a writer gets its connection back.
        engine: `threads`, a thread with PyMySQL for each writer, or `fast`, one event loop with our
            own protocol code, for many more writes and writers.
        retries: how often a write of ours is tried again within its operation.
        processes: how many the writers are shared out to; 1 for threads of this one.
        functions: how many functions of AWS Lambda write instead of this machine; 0 for none. Each of
            them has *writers* writers.
        function: the name of that function.
        functions_bucket: where functions put what no answer has room for; empty for nowhere.
        think: how long a writer without a schedule waits after an answer, on average.
    """

    writers: int
    rate: float
    seed: int = 0
    warmup: float = 1.0
    cooldown: float = 0.5
    bound: float = 60.0
    calm_errors: float = CALM_ERRORS
    calm_not_issued: float = CALM_NOT_ISSUED
    policy: ReconnectPolicy = field(default_factory=ReconnectPolicy)
    engine: str = "threads"
    retries: int = 0
    think: float = 0.0
    processes: int = 1
    functions: int = 0
    function: str = ""
    functions_bucket: str = ""

    def __post_init__(self) -> None:
        """Refuse what no load can do."""
        self._check_kinds()
        self._check_functions()
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            raise SettingError(f"a write is tried again a number of times, not {self.retries!r}")
        if isinstance(self.processes, bool) or self.processes not in range(1, self.writers + 1):
            raise SettingError(
                f"processes: from 1 to the number of writers, {self.writers}, not"
                f" {self.processes!r}"
            )
        if self.think < 0:
            raise SettingError(f"nobody can think for {self.think:g} s")
        if self.think and self.rate:
            raise SettingError(
                "think: only with load='closed'; writers on a schedule wait for their slots"
            )
        if self.engine == "fast" and (self.retries or self.think):
            raise SettingError(
                "the fast engine neither retries nor thinks; leave out engine='fast'"
            )
        if self.engine not in ENGINES:
            raise SettingError(f"no engine is called {self.engine!r} (known: {', '.join(ENGINES)})")

    def _check_kinds(self) -> None:
        """Refuse what is no number, duration or policy: it would break a writer in the middle."""
        check_writers(self.writers)
        check_rate(self.rate, unpaced=True)
        if not isinstance(self.policy, ReconnectPolicy):
            raise SettingError(f"policy: a ReconnectPolicy, not {self.policy!r}")
        for name in ("warmup", "cooldown", "bound", "think"):
            if not isinstance(getattr(self, name), (int, float)):
                raise SettingError(f'{name}={getattr(self, name)!r}: write a duration, as "2s"')

    def _check_functions(self) -> None:
        least = 1 if self.function else 0
        if type(self.functions) is not int or not least <= self.functions <= MOST_FUNCTIONS:
            raise SettingError(f"functions: from 1 to {MOST_FUNCTIONS:,}, not {self.functions!r}")
        if self.functions and not self.function:
            raise SettingError(
                'functions and function belong together: functions=50, function="load"'
            )
        for name in ("function", "functions_bucket"):
            if not isinstance(getattr(self, name), str):
                raise SettingError(f"{name}: a name, not {getattr(self, name)!r}")
        if self.functions_bucket and not self.functions:
            raise SettingError(
                "functions_bucket: only with functions, which put their results there"
            )
        if self.functions and self.processes > 1:
            raise SettingError("processes: not with functions, which are processes elsewhere")
        if self.functions and self.seconds > MOST_SECONDS:
            raise SettingError(
                f"functions: they would write for warmup, bound and cooldown, {self.seconds:g} s, and"
                f" Lambda lets them for {MOST_SECONDS:g} s at most: take a smaller bound"
            )

    @property
    def all_writers(self) -> int:
        """Return how many writers there are in all functions, or here."""
        return self.writers * max(1, self.functions)

    @property
    def is_here(self) -> bool:
        """Tell whether all writers are in this process."""
        return self.processes == 1 and not self.functions

    @property
    def seconds(self) -> float:
        """Return for how long functions write: they cannot be told to end."""
        return self.warmup + self.bound + self.cooldown

    def order(
        self,
        make: MakeWorkload,
        *,
        run: str,
        events: Path | None,
        classify: Classify | None,
        secrets: Sequence[str],
    ) -> LoadOrder:
        """Return what the first process of the load is told, be it this one alone.

        Args:
            make: returns what the writers do.
            run: the trial's own prefix.
            events: where the process stores what its writers do; None for memory only.
            classify: tells outcome and fault of a failed write; None for the usual.
            secrets: texts that nothing which the load tells may show.
        """
        return LoadOrder(
            make=make,
            run=run,
            writers=self.all_writers,
            process=0,
            processes=self.processes,
            events=events,
            engine=self.engine,
            rate=self.rate,
            policy=self.policy,
            classify=classify,
            think=self.think,
            secrets=secrets,
        )
