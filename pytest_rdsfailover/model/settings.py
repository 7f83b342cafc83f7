"""The run's settings: durations parsed, combinations checked, once and before anything starts."""

import re
from dataclasses import dataclass, field

from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA, aurora_version
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings

FEWEST_INSTANCES, MOST_INSTANCES = 2, 16  # Aurora: one writer and up to 15 readers
USUAL_PROFILE, USUAL_BLUE_GREEN = "quick", "blue-green-fast"
RATE = 200.0  # writes per second
CALM_NOT_ISSUED = 0.1  # of all slots: beyond it, the load is not the one that was asked for
CALM_ERRORS = 0.01  # of all operations: a working application has fewer errors without any fault
LIVE_RATE = 100.0  # writes per second: a real cluster serves others, too
LIVE_BOUND = 300.0  # seconds: a real failover may take half a minute to be felt at all
LOCAL_ONLY = (
    "profile", "blue_green", "server", "toxiproxy", "aurora", "instances", "port", "aws_names",
)  # fmt: skip
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
PASSWORD = re.compile(r"[ -~]{1,64}")  # what every driver sends as the same bytes
TAKEN = frozenset({"root", "mysql", "sys", "information_schema", "performance_schema"})
MOST_RATE = 1_000_000  # writes per second: more than any machine writes, and memory for its slots


def check_instances(count: int) -> None:
    """Raise `SettingError` if no Aurora cluster has that many instances."""
    if type(count) is not int or not FEWEST_INSTANCES <= count <= MOST_INSTANCES:
        raise SettingError(
            f"a cluster has {FEWEST_INSTANCES} to {MOST_INSTANCES} instances, not {count!r}: a"
            " failover needs a reader to promote"
        )


def check_abroad(count: int, instances: int) -> None:
    """Raise `SettingError` if so many of a cluster's instances cannot be in another region."""
    if type(count) is not int or not 1 <= count < instances:
        raise SettingError(
            f"of {instances} instances 1 to {instances - 1} can be in another region, not {count!r}"
        )


def check_trials(count: int) -> None:
    """Raise `SettingError` if nobody can repeat a trial that often."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise SettingError(f"a population has at least one trial, not {count!r}")


def check_writers(count: int) -> None:
    """Raise `SettingError` if no load has that many writers."""
    if type(count) is not int or count < 1:
        raise SettingError(f"a load needs at least one writer, not {count!r}")


def check_rate(rate: float, *, unpaced: bool = False) -> None:
    """Raise `SettingError` if no load has that rate; *unpaced* allows 0, that of a closed load."""
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        raise SettingError(f"rate={rate!r} is not a number of writes per second")
    if not (unpaced and rate == 0) and not 0 < rate <= MOST_RATE:
        raise SettingError(
            f"a load needs a rate above 0 writes per second, up to {MOST_RATE:,}, not {rate:g}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedAccount:
    """The account that clients of a local cluster use, where it is to have fixed names.

    Attributes:
        user: its name.
        password: its password; None for a random one.
        database: its schema.
    """

    user: str
    password: str | None = field(default=None, repr=False)
    database: str

    def __post_init__(self) -> None:
        """Refuse what would have to be quoted in SQL, and what drivers send differently."""
        for name in ("user", "database"):
            if not WORD.fullmatch(getattr(self, name)):
                raise SettingError(
                    f"{name} {getattr(self, name)!r}: write up to 32 letters, digits and _, a letter"
                    " first"
                )
        if self.user.lower() in TAKEN or self.database.lower() in TAKEN:
            raise SettingError("the server itself has that user or database; choose another name")
        if self.password is not None and not PASSWORD.fullmatch(self.password):
            raise SettingError(
                "the password may have 1 to 64 letters, digits, spaces and other signs of ASCII:"
                " drivers send others differently"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this run was asked to do.

    Attributes:
        profile: name or path of the failover profile.
        blue_green: name or path of the blue/green switchover that is played unless a test names one.
        seed: decides every sampled duration of the run.
        server: path of a `mysqld` or `mariadbd`, or URL of a running server; None to search PATH.
        toxiproxy: path of a `toxiproxy-server`, URL of a running one, or `builtin`; None to take
            one on PATH, else the built-in.
        aurora: the version of Aurora MySQL that a local cluster is like.
        instances: how many instances the local cluster has.
        login: the account that clients use; None for one with random names.
        port: the port that all endpoints of a local cluster share; None for any free one.
        writers: how many writers the load has, unless the test says otherwise.
        rate: how many writes per second they intend together; 0 for as many as the answers allow.
        open_rate: the rate of a test that asks for an open load, whatever load the run has; None
            for *rate*.
        warmup: seconds of load before the trigger.
        cooldown: seconds of load after all writers are back.
        bound: seconds after the trigger at which a trial stops waiting for writers.
        calm_errors: which share of a load's operations may fail before anything is triggered.
        calm_not_issued: which share of its slots may find no free writer before the trigger.
        aws_names: the AWS region in which the endpoints of a local cluster have host names; None
            for plain addresses.
        json: where to write the result document; None for nowhere.
        report: directory for the HTML page; None for none.
        journal: directory for a journal file of each trial; None for none.
        trials: how often `rds_trials` repeats a trial, unless the test says otherwise.
        spacing: seconds of rest between two repeats.
        resume: whether trials of an interrupted run count as done.
        markdown: where to write the summary as Markdown; None for nowhere.
        save: name or path of the baseline that this run becomes; None for none.
        save_anyway: whether it becomes one although it failed or is not complete.
        compare: name or path of the baseline that it is compared with; None for none.
        compare_fail: growths that fail the run, as `median:10%,max:500ms`; None for none.
        compare_anyway: whether to compare with a baseline of another mode, profile or rate.
        record: where to write a profile of what was measured; None for nowhere.
        strict: whether a test fails whose trials found the application broken, asked or not.
        live: what may be done to a real cluster; None in local mode.
    """

    profile: str = USUAL_PROFILE
    blue_green: str = USUAL_BLUE_GREEN
    seed: int = 0
    server: str | None = field(default=None, repr=False)  # has a password, and pytest -l shows it
    toxiproxy: str | None = None
    aurora: str = USUAL_AURORA.name
    instances: int = 2
    login: FixedAccount | None = None
    port: int | None = None
    writers: int = 32
    rate: float = RATE
    open_rate: float | None = None
    warmup: float = 1.0
    cooldown: float = 0.5
    bound: float = 60.0
    calm_errors: float = CALM_ERRORS
    calm_not_issued: float = CALM_NOT_ISSUED
    aws_names: str | None = None
    json: str | None = None
    report: str | None = None
    journal: str | None = None
    trials: int = 15
    spacing: float = 0.2
    resume: bool = False
    markdown: str | None = None
    save: str | None = None
    save_anyway: bool = False
    compare: str | None = None
    compare_fail: str | None = None
    compare_anyway: bool = False
    record: str | None = None
    strict: bool = False
    live: LiveSettings | None = None

    @property
    def switchover(self) -> str | None:
        """Return the switchover that is every trial's, unless it asks for another; None for none."""
        real = self.live is not None and self.live.trigger == "blue-green"
        return "blue-green" if real else None

    def __post_init__(self) -> None:
        """Refuse what no run can honour."""
        if self.record is not None and not self.record.endswith(".toml"):
            raise SettingError(f"--rds-record: {self.record!r} must end in .toml, to be replayed")
        aurora_version(self.aurora)
        check_instances(self.instances)
        check_trials(self.trials)
        if self.port is not None and not 1024 <= self.port < 32768:  # noqa: PLR2004
            raise SettingError(
                f"port {self.port} is not usable: choose one from 1024 to 32767, below the ports"
                " that the system hands out to clients"
            )
        check_writers(self.writers)
        check_rate(self.rate, unpaced=True)
        for name in ("warmup", "cooldown", "spacing"):
            if getattr(self, name) < 0:
                raise SettingError(f"{name} cannot be negative")
        if self.bound <= 0:
            raise SettingError("the bound on a trial must be above 0 s")
