"""What a run against a real cluster was asked to do: every limit of it, checked before any call."""

import re
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

from pytest_rdsfailover.model.clock import session_clock
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.paths import absolute_path
from pytest_rdsfailover.model.timeouts import USUAL_TIMEOUT, check_timeout

COMPANIONS = {
    "cluster": "the Aurora cluster's identifier",
    "account": "the account that it is in",
    "region": "the region that it is in",
    "schema": "the schema in which the load may create its own table",
}
PATHS = ("ca", "kill_switch", "audit")
# Empty, each would silently undo what another source says: no gate of its own, or AWS itself.
NEVER_EMPTY = (
    "proxy", "endpoint_url", "secret", "user", "fis_template", "production_override",
    "blue_green_deployment",
)  # fmt: skip
AUTHS = ("secret", "iam", "environment")
TRIGGERS = ("failover", "fis", "reboot", "crash", "switchover", "blue-green")
# Each of these does more than a failover that the cluster plans itself; one flag each.
DESTRUCTIVE = ("reboot", "crash", "switchover", "blue-green")
# Options that only some triggers heed; beside another one they were typed for nothing.
HEEDED_BY = {
    "fis_template": ("fis",),
    "allow_reboot": ("reboot", "fis"),  # an experiment may reboot, too
    "allow_crash": ("crash",),
    **dict.fromkeys(("allow_switchover", "global_cluster", "switchover_to"), ("switchover",)),
    **dict.fromkeys(
        ("allow_blue_green", "blue_green_deployment", "switchover_timeout"), ("blue-green",)
    ),
}
SYSTEM_SCHEMAS = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
NAME = re.compile(r"[0-9A-Za-z$_-]{1,64}")
DEPLOYMENT = re.compile(r"bgd-[0-9A-Za-z]{1,60}")
LIST_DEPLOYMENTS = "`aws rds describe-blue-green-deployments` lists them"
CLUSTER_ARN = re.compile(r"arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:cluster:[A-Za-z][0-9A-Za-z-]*")
HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
# A tag's key and value, of at most 128 and 256 characters; AWS' own tags are nobody's consent.
OPT_IN = re.compile(r"(?![aA][wW][sS]:)(?!\s)[^=\r\n]{1,128}(?<!\s)=(?!\s)[^=\r\n]{1,256}(?<!\s)")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """What may be done, to which cluster, and as whom. Durations are seconds.

    Attributes:
        cluster: identifier of the cluster.
        account: the only account in which anything may be done.
        region: the region of the cluster.
        schema: where the load creates its table, and nothing else.
        proxy: name of the RDS Proxy in front of the cluster; None without one.
        endpoint_url: where the AWS API answers instead of AWS: a stand-in region.
        ca: absolute path of a PEM file to trust besides the system's authorities.
        tls: `verify`, or `off`, which only a stand-in region may be.
        auth: where the password comes from: `secret`, `iam` or `environment`.
        secret: the secret to read; None for the one that the cluster or its proxy names.
        user: the database user; needed unless a secret names it.
        trigger: what moves or restarts the writer.
        fis_template: the experiment template for the trigger `fis`.
        allow_reboot: the trigger `reboot` may be used.
        allow_crash: the trigger `crash` may be used.
        allow_switchover: the trigger `switchover` may be used.
        global_cluster: identifier of the global database for the trigger `switchover`.
        switchover_to: ARN of its secondary cluster that becomes the primary.
        allow_blue_green: the trigger `blue-green` may be used.
        blue_green_deployment: identifier of the blue/green deployment that it switches over; None for none.
        switchover_timeout: how long that may take before RDS rolls it back.
        opt_in: the tag that the cluster must carry, as `KEY=VALUE`.
        production_override: identifier of the one cluster that may look like production.
        dry_run: describe only.
        max_failovers: triggers in this session, over all its workers.
        min_interval: between two failovers of the cluster, whoever triggered them.
        max_time: how long after the start of the session a failover may be triggered; None for no
            limit.
        hours: UTC times between which a trigger is allowed, as `01:00-05:00`; None for any.
        alarms: names of CloudWatch alarms that must be OK.
        kill_switch: absolute path of a file whose existence forbids every trigger; None for none.
        audit: absolute path of where every decision is recorded; None for the cache directory.
        poll: between two looks at the AWS API.
        effect_within: how long a trigger may take to show any effect before it is issued again.
        attempts: how often a trigger that shows no effect is issued at most.
        lock_wait: how long to wait for others who use the same cluster from this machine.
        started: when the session began, by `session_clock`; the same for all its workers.
    """

    cluster: str = ""
    account: str = ""
    region: str = ""
    schema: str = ""
    proxy: str | None = None
    endpoint_url: str | None = None
    ca: str | None = None
    tls: str = "verify"
    auth: str = "secret"
    secret: str | None = None
    user: str | None = None
    trigger: str = "failover"
    fis_template: str | None = None
    allow_reboot: bool = False
    allow_crash: bool = False
    allow_switchover: bool = False
    global_cluster: str = ""
    switchover_to: str = ""
    allow_blue_green: bool = False
    blue_green_deployment: str | None = None
    switchover_timeout: float = USUAL_TIMEOUT
    opt_in: str = "rdsfailover:allowed=true"
    production_override: str | None = None
    dry_run: bool = False
    max_failovers: int = 1
    min_interval: float = 300.0
    max_time: float | None = None
    hours: str | None = None
    alarms: tuple[str, ...] = ()
    kill_switch: str | None = None
    audit: str | None = None
    poll: float = 1.0
    effect_within: float = 60.0
    attempts: int = 3
    lock_wait: float = 1800.0
    started: float = field(default_factory=session_clock, compare=False)

    def __post_init__(self) -> None:
        """Refuse what no run can honour, or what leaves open what may be done."""
        missing = [name for name in COMPANIONS if not getattr(self, name).strip()]
        if missing:
            needs = ", ".join(f"{flag(name)} ({COMPANIONS[name]})" for name in missing)
            raise SettingError(f"--rds-live also needs {needs}: nothing is taken from defaults")
        self._expand_paths()
        self._check_filled()
        self._check_names()
        self._check_credentials()
        self._check_trigger()
        self._check_limits()

    def _expand_paths(self) -> None:
        for name in PATHS:
            text = getattr(self, name)
            if text is not None:
                try:
                    object.__setattr__(self, name, absolute_path(text))
                except SettingError as error:
                    raise SettingError(f"{flag(name)}: {error}") from None

    def _check_filled(self) -> None:
        for name in NEVER_EMPTY:
            value = getattr(self, name)
            if value is not None and not value.strip():
                raise SettingError(f"{flag(name)}: {value!r} names nothing; leave it out for none")
        if not all(name.strip() for name in self.alarms):
            raise SettingError("--rds-alarm: the name of an alarm is empty; leave it out")

    def _check_names(self) -> None:
        if not re.fullmatch("[0-9]{12}", self.account):
            raise SettingError(f"--rds-account: {self.account!r} is not an account of 12 digits")
        if ":" in self.cluster:
            raise SettingError(
                f"--rds-cluster: {self.cluster!r} is an ARN: write the identifier,"
                f" {self.cluster.rpartition(':')[2]}"
            )
        if not NAME.fullmatch(self.schema) or self.schema.lower() in SYSTEM_SCHEMAS:
            raise SettingError(f"--rds-schema: {self.schema!r} is no schema to write to")
        if self.tls not in ("verify", "off"):
            raise SettingError(f"--rds-tls: {self.tls!r} is neither verify nor off")
        self._check_endpoint()
        if self.tls == "off" and not self.stands_in:
            raise SettingError("--rds-tls=off: only with --rds-endpoint-url on this machine")
        if not OPT_IN.fullmatch(self.opt_in):
            raise SettingError(
                f"--rds-opt-in: {self.opt_in!r} is no KEY=VALUE, such as rdsfailover:allowed=true;"
                " neither part may be empty, or begin or end with a space, and there is one ="
            )

    def _check_endpoint(self) -> None:
        try:
            place = urlsplit(self.endpoint_url or "").netloc
        except ValueError:
            raise SettingError("--rds-endpoint-url: the URL cannot be read") from None
        if "@" in place:  # every report would show them
            raise SettingError("--rds-endpoint-url: leave user and password out of the URL")

    def _check_credentials(self) -> None:
        _choose("auth", self.auth, AUTHS)
        if self.auth != "secret" and not self.user:
            raise SettingError(f"--rds-auth={self.auth} needs --rds-user")
        if self.auth == "iam" and self.tls == "off":
            raise SettingError("--rds-auth=iam sends a token in clear: not with --rds-tls=off")

    def _check_trigger(self) -> None:
        _choose("trigger", self.trigger, TRIGGERS)
        if not self.allows_trigger:
            raise SettingError(f"--rds-trigger={self.trigger} needs --rds-allow-{self.trigger}")
        if self.trigger == "fis" and not self.fis_template:
            raise SettingError("--rds-trigger=fis needs --rds-fis-template")
        if self.trigger == "switchover":
            self._check_switchover()
        if self.trigger == "blue-green":
            self._check_blue_green()

    def _check_switchover(self) -> None:
        if not self.global_cluster.strip() or not self.switchover_to.strip():
            raise SettingError(
                "--rds-trigger=switchover needs --rds-global-cluster and --rds-switchover-to"
            )
        if not CLUSTER_ARN.fullmatch(self.switchover_to):
            raise SettingError(
                f"--rds-switchover-to: {self.switchover_to!r} is no ARN of a cluster, such as"
                " arn:aws:rds:us-west-2:111122223333:cluster:orders"
            )
        if self.auth == "iam":
            raise SettingError(
                "--rds-trigger=switchover: not with --rds-auth=iam, whose tokens are for one region"
            )

    def _check_blue_green(self) -> None:
        name = self.blue_green_deployment
        if name is None:
            raise SettingError(
                "--rds-trigger=blue-green needs --rds-blue-green-deployment with the identifier of one"
                f" that is there: a run makes none; {LIST_DEPLOYMENTS}"
            )
        if not DEPLOYMENT.fullmatch(name):
            raise SettingError(
                f"--rds-blue-green-deployment: {name!r} is no identifier, such as"
                f" bgd-a1b2c3d4e5f6g7h8; {LIST_DEPLOYMENTS}"
            )
        if self.switchover_timeout % 1:
            raise SettingError("--rds-switchover-timeout: AWS takes whole seconds")
        try:
            check_timeout(self.switchover_timeout)
        except SettingError as error:
            raise SettingError(f"--rds-switchover-timeout: {error}") from None

    def _check_limits(self) -> None:
        for name in ("max_failovers", "attempts"):
            if getattr(self, name) < 1:
                raise SettingError(f"{flag(name)}: at least 1, not {getattr(self, name)}")
        for name in ("poll", "effect_within"):
            if getattr(self, name) <= 0:
                raise SettingError(f"{flag(name)}: must be above 0 s")
        if self.hours is not None and not HOURS.fullmatch(self.hours):
            raise SettingError(f"--rds-hours: {self.hours!r} is no span such as 01:00-05:00 (UTC)")
        if self.hours is not None and len({*self.hours.split("-")}) == 1:
            raise SettingError(
                f"--rds-hours: {self.hours!r} is no time at all, so nothing may be triggered"
            )

    @property
    def allows_trigger(self) -> bool:
        """Tell whether a trigger that destroys something has its flag."""
        flag_of_trigger = "allow_" + self.trigger.replace("-", "_")
        return self.trigger not in DESTRUCTIVE or bool(getattr(self, flag_of_trigger))

    def heeds(self, name: str) -> bool:
        """Tell whether an option, by its field, means anything to the trigger of this run."""
        return self.trigger in HEEDED_BY.get(name, TRIGGERS)

    @property
    def aim(self) -> str:
        """Return what the trigger acts on, for people."""
        if self.trigger == "blue-green":
            return f"{self.blue_green_deployment} of {self.cluster}"
        if self.trigger != "switchover":
            return self.cluster
        return f"{self.global_cluster} from {self.cluster} to {self.switchover_to}"

    @property
    def stands_in(self) -> bool:
        """Tell whether the AWS API is a stand-in on this machine, so that nothing is AWS's."""
        return urlsplit(self.endpoint_url or "").hostname in LOOPBACK


def _choose(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingError(f"{flag(name)}: {value!r} is none of {', '.join(known)}")


def flag(name: str) -> str:
    """Return the command line flag of a field."""
    shown = "alarm" if name == "alarms" else name
    return "--rds-" + shown.replace("_", "-")


# The options.
FIELDS = tuple(field.name for field in fields(LiveSettings) if field.name != "started")
