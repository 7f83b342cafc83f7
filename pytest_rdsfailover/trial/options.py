"""The options of a load and of a trial, as a test writes them."""

from typing import Literal

from pytest_rdsfailover.load.options import WorkloadOptions
from pytest_rdsfailover.load.writer import ReconnectPolicy


class LoadOptions(WorkloadOptions, total=False):
    """What `rds_load` takes after the endpoint; what is left out, the run's settings say.

    Durations are texts with a unit, such as `"2s"`, or seconds.

    Attributes:
        writers: how many write at the same time.
        rate: writes per second that all writers intend together.
        load: `open`, on the schedule of *rate*; `precise`, 1,000 writes per second; `closed`, each
            writer again as soon as it has its answer. The last two take no *rate*.
        engine: `threads`, a thread with PyMySQL for each writer; `fast`, one event loop with our own
            protocol code, for our own insert only.
        processes: how many processes the writers are shared out to.
        functions: how many functions of AWS Lambda write instead of this machine, with *writers* writers
            each; they write for *warmup*, *bound* and *cooldown* together.
        function: the name of that function, whose package `rdsfailover lambda build` has made.
        functions_bucket: a bucket of S3 for results above the 6 MB of an answer; they are removed.
        policy: how a writer gets its connection back.
        warmup: the load before the trigger.
        cooldown: the load after all writers are back, without an error.
        bound: how long after the last trigger a trial waits for writers and for the end of errors.
        calm_errors: which share of the operations may fail before the trigger, as `"5%"`; beyond
            that nothing is triggered, and the trial is invalid.
        calm_not_issued: which share of the slots may find no free writer before the trigger, as
            `"20%"`; beyond that the trial is unreliable.
        think: how long a writer waits after an answer, on average; only with `load="closed"`.
        retries: how often our own write is tried again within its operation.
    """

    writers: int
    rate: float
    load: Literal["open", "precise", "closed"]
    engine: Literal["threads", "fast"]
    processes: int
    functions: int
    function: str
    functions_bucket: str
    policy: ReconnectPolicy
    warmup: str | float
    cooldown: str | float
    bound: str | float
    calm_errors: str
    calm_not_issued: str
    think: str | float
    retries: int


class TrialOptions(LoadOptions, total=False):
    """What `rds_trial` takes after the endpoint: the options of a load and of its failover.

    Attributes:
        target: id of the instance to promote; the first reader, or whom a real cluster chooses, if
            left out.
        profile: the failover profile to play; the marker's or the run's if left out.
        failover: a blue/green switchover to play instead: `blue-green`, `blue-green-fast` or the path
            of a TOML file. The trial makes the deployment, and deletes it afterwards.
    """

    target: str | None
    profile: str | None
    failover: str | None
