"""The options as users write them: one table for the plugin and for the command `rdsfailover`.

Every pytest run imports this, so it is a table and little else; `option_texts.py` reads the texts.
"""

from typing import NamedTuple

# What a text may stand for; `option_texts.py` knows how to read each.
TEXT, SWITCH, COUNT, RATE, SHARE, DURATION, NAMES, REGION, RULES, PATH = (
    "text", "switch", "count", "rate", "share", "duration", "names", "region", "rules", "path",
)  # fmt: skip


class Option(NamedTuple):
    """One setting as users write it: `--rds-NAME`, `RDS_NAME`, ini `rds_name`.

    Attributes:
        name: the field of `Settings`, or of its `live`.
        metavar: what stands for its value in the help; empty for a switch.
        kind: what its text stands for.
        help: one sentence for `--help`.
    """

    name: str
    metavar: str
    kind: str
    help: str

    @property
    def flag(self) -> str:
        """Return the command line flag."""
        return "--rds-" + self.name.replace("_", "-")

    @property
    def dest(self) -> str:
        """Return the name among pytest's options and ini values."""
        return f"rds_{self.name}"


LIVE_OPTIONS = (
    Option("live", "", SWITCH, "use a real Aurora cluster; needs cluster, account, region, schema"),
    Option("cluster", "ID", TEXT, "live: identifier of the cluster"),
    Option("account", "N", TEXT, "live: the only account in which anything may be done"),
    Option("region", "NAME", TEXT, "live: region of the cluster"),
    Option("schema", "NAME", TEXT, "live: schema in which the load creates its own table"),
    Option("proxy", "NAME", TEXT, "live: the RDS Proxy in front of the cluster"),
    Option("auth", "KIND", TEXT, "live: password from secret, iam or environment (secret)"),
    Option("secret", "ARN", TEXT, "live: secret to read (the cluster's or the proxy's own)"),
    Option("user", "NAME", TEXT, "live: database user, where no secret names it"),
    Option("ca", "PATH", PATH, "live: PEM file to trust besides the system's authorities"),
    Option("tls", "KIND", TEXT, "live: verify, or off for a stand-in region (verify)"),
    Option("endpoint_url", "URL", TEXT, "live: where a stand-in region answers instead of AWS"),
    Option("dry_run", "", SWITCH, "live: describe what would be done, do nothing, skip"),
    Option(
        "trigger",
        "KIND",
        TEXT,
        "live: failover, fis, reboot, crash, switchover or blue-green (failover)",
    ),
    Option("fis_template", "ID", TEXT, "live: experiment template for the trigger fis"),
    Option("allow_reboot", "", SWITCH, "live: the trigger reboot may be used"),
    Option("allow_crash", "", SWITCH, "live: the trigger crash may be used"),
    Option("allow_switchover", "", SWITCH, "live: the trigger switchover may be used"),
    Option("global_cluster", "ID", TEXT, "live: global database for the trigger switchover"),
    Option("switchover_to", "ARN", TEXT, "live: its secondary cluster that becomes the primary"),
    Option("allow_blue_green", "", SWITCH, "live: the trigger blue-green may be used"),
    Option(
        "blue_green_deployment",
        "ID",
        TEXT,
        "live: blue/green deployment for the trigger blue-green",
    ),
    Option("switchover_timeout", "TIME", DURATION, "live: after it RDS rolls that back (5m)"),
    Option("opt_in", "KEY=VALUE", TEXT, "live: tag of the cluster (rdsfailover:allowed=true)"),
    Option(
        "production_override", "ID", TEXT, "live: the one cluster that may look like production"
    ),
    Option("max_failovers", "N", COUNT, "live: triggers in this session, over all workers (1)"),
    Option("min_interval", "TIME", DURATION, "live: between two failovers (5m)"),
    Option("max_time", "TIME", DURATION, "live: no trigger later than this (no limit)"),
    Option("hours", "SPAN", TEXT, "live: UTC times that allow a trigger, as 01:00-05:00 (any)"),
    Option("alarm", "NAMES", NAMES, "live: CloudWatch alarms that must be OK, with commas"),
    Option("kill_switch", "PATH", PATH, "live: a file whose existence forbids every trigger"),
    Option("audit", "PATH", PATH, "live: where every decision is recorded (cache directory)"),
    Option("poll", "TIME", DURATION, "live: between two looks at the AWS API (1s)"),
    Option("effect_within", "TIME", DURATION, "live: wait before a trigger is repeated (60s)"),
    Option("attempts", "N", COUNT, "live: how often a trigger without effect is issued (3)"),
    Option("lock_wait", "TIME", DURATION, "live: wait for other users of the cluster (30m)"),
)
OPTIONS = (
    Option("profile", "NAME", TEXT, "failover profile, by name or path of a .toml file (quick)"),
    Option(
        "blue_green",
        "NAME",
        TEXT,
        "blue/green switchover, by name or path of a .toml file (blue-green-fast)",
    ),
    Option("seed", "N", COUNT, "decides every sampled duration (random, printed in the header)"),
    Option("server", "PATH|URL", TEXT, "mysqld or mariadbd, or mysql://user:pw@host:port (PATH)"),
    Option(
        "toxiproxy", "PATH|URL|builtin", TEXT, "toxiproxy-server to use (one on PATH, else builtin)"
    ),
    Option("aurora", "3.10|8.4", TEXT, "version of Aurora that a local cluster is like (3.10)"),
    Option("instances", "N", COUNT, "instances of the local cluster, 2 to 16 (2)"),
    Option("port", "N", COUNT, "common port of a local cluster's endpoints (any free one)"),
    Option("writers", "N", COUNT, "concurrent writers of a load (32)"),
    Option("rate", "N", RATE, "writes per second that all writers intend together (200)"),
    Option("load", "NAME", TEXT, "open (at --rds-rate), precise (1000 a second) or closed (open)"),
    Option("warmup", "TIME", DURATION, "load before the trigger (1s)"),
    Option("cooldown", "TIME", DURATION, "load after all writers are back (500ms)"),
    Option("bound", "TIME", DURATION, "when a trial stops waiting for writers (60s)"),
    Option(
        "calm_errors", "SHARE", SHARE, "errors that a load may have before the trigger (one in 100)"
    ),
    Option("calm_not_issued", "SHARE", SHARE, "slots without a free writer before it (one in 10)"),
    Option("aws_names", "REGION", REGION, "call the endpoints as AWS does there (addresses)"),
    Option("json", "PATH", PATH, "write the result document to PATH"),
    Option("report", "DIR", PATH, "write an HTML page of all trials to DIR/index.html"),
    Option("journal", "DIR", PATH, "write each trial's journal to a file in DIR"),
    Option("trials", "N", COUNT, "how often rds_trials repeats a trial (15)"),
    Option("spacing", "TIME", DURATION, "rest between two repeats (200ms)"),
    Option("resume", "", SWITCH, "take up the trials of the run that was interrupted last"),
    Option("markdown", "PATH", PATH, "write the summary to PATH as Markdown, for CI job pages"),
    Option("save", "NAME", TEXT, "keep this run as a baseline: a name or a path"),
    Option("save_anyway", "", SWITCH, "keep it although the run failed or lacks something"),
    Option("compare", "NAME", TEXT, "compare this run with a baseline"),
    Option(
        "compare_fail",
        "RULES",
        RULES,
        "growths over the baseline that fail the run, as max:500ms or with a percent sign",
    ),
    Option("compare_anyway", "", SWITCH, "compare even if mode, profile, rate or writers differ"),
    Option("strict", "", SWITCH, "fail tests whose trials are broken in what nothing asked about"),
    Option("record", "PATH", PATH, "write a failover profile of what the trials measured to PATH"),
    *LIVE_OPTIONS,
)
