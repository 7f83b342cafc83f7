"""`rdsfailover trial`: load, failover, audit, verdict, for an application in any language."""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pytest_rdsfailover.analysis.expectable import AUDITED
from pytest_rdsfailover.analysis.verdicts.bounds import (
    check_resolution,
    parse_expectations,
)
from pytest_rdsfailover.cli import fleet as fleets
from pytest_rdsfailover.cli.cluster_options import settings_of
from pytest_rdsfailover.cli.clusters import clusters
from pytest_rdsfailover.cli.judge import bounds, judge
from pytest_rdsfailover.cli.output import own_words, say
from pytest_rdsfailover.cli.own_cluster import OwnCluster
from pytest_rdsfailover.cli.render import render
from pytest_rdsfailover.cli.signals import ended_by_signals
from pytest_rdsfailover.cli.standing_arguments import CLUSTER, DEFAULT, LOAD
from pytest_rdsfailover.cli.stored_keys import StoredKeys, check_query, ran
from pytest_rdsfailover.cli.trial_status import BROKEN, status_of
from pytest_rdsfailover.cli.unasked import told, unasked
from pytest_rdsfailover.cli.workload import workload_of
from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.local.backend import environment
from pytest_rdsfailover.local.processes.guard import guarded
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.profiles.switchovers import load_switchover
from pytest_rdsfailover.local.server.accounts import ServerError
from pytest_rdsfailover.local.standing.variables import changes
from pytest_rdsfailover.local.standing.visitor import VisitedCluster
from pytest_rdsfailover.model.errors import (
    AuditError,
    FileWriteError,
    RdsFailoverError,
    SettingError,
)
from pytest_rdsfailover.model.files import check_file, check_folder
from pytest_rdsfailover.model.settings import Settings, check_trials
from pytest_rdsfailover.model.shown import printable
from pytest_rdsfailover.trial.options import LoadOptions
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError, Trial

OWN_CLUSTER = (
    "server",
    "toxiproxy",
    "aurora",
    "instances",
    "port",
    "aws_names",
    "user",
    "password",
    "password_file",
    "database",
    "dns_port",
    "hosts_file",
)


def trial(options: argparse.Namespace) -> int:
    """Run trials and judge them; return 0 if all bounds are met, 1 if one is broken, 3 if neither."""
    settings = settings_of(options, (*CLUSTER, *LOAD))
    check_trials(options.trials)
    expectations = parse_expectations(**bounds(options.expect))
    check_resolution(expectations, settings.rate)
    fleets.check(options, settings)
    workload = workload_of(options, {})  # so that nothing is started for a wrong one
    if options.stored_sql is not None:
        if workload is None:
            raise SettingError("--stored-sql: our own insert knows its table; leave it out")
        check_query(options.stored_sql)
    elif workload is not None:
        unread = [bound.name for bound in expectations if bound.name in AUDITED]
        if unread:
            raise SettingError(
                f"--expect {unread[0]}: give --stored-sql, which tells what is stored"
            )
    if options.profile is not None:
        load_profile(options.profile)
    _check_switchover(options)
    _make_places(options)
    with ended_by_signals(), ExitStack() as stack:
        cluster = stack.enter_context(_cluster(options, settings))
        fleet = stack.enter_context(fleets.fleet(options, settings, cluster))
        mark = {} if options.exec is None else stack.enter_context(guarded(until_end=True))
        session = TrialSession(options, settings, cluster, fleet, mark)
        session.prepare()
        directory = options.journal or stack.enter_context(tempfile.TemporaryDirectory())
        trials = session.taken(options.trials)
        paths = [session.write(Path(directory), trial) for trial in trials]
        lines, _ = judge(
            paths, expect=options.expect, json_path=_path(options.json), timelines=False
        )
        _show([*lines, *session.problems])
        if options.report is not None:
            _show([f"report: {render(paths, Path(options.report), title='Database failover')}"])
    status = status_of(trials, expectations, session.problems)
    broken = unasked(trials, [expectation.name for expectation in expectations])
    if broken and options.strict and status != BROKEN:
        _show([told(broken, BROKEN)])
        return BROKEN
    if broken and status != BROKEN:
        _show([told(broken, status)])
    return status


def _check_switchover(options: argparse.Namespace) -> None:
    """Refuse a switchover that cannot be played, before anything is started.

    Raises:
        SettingError: with the remedy.
    """
    if options.failover is None:
        return
    load_switchover(options.failover)
    for flag in ("target", "aws_names"):
        if getattr(options, flag) is not None:
            raise SettingError(
                f"--failover with --{flag.replace('_', '-')}: a switchover promotes no instance, and"
                " only a test can move names; leave it out"
            )


def _make_places(options: argparse.Namespace) -> None:
    """Make the directories that are written to in the end, so that no trial is taken in vain.

    Raises:
        SettingError: if something could not be written.
    """
    for flag, check in (("json", check_file), ("report", check_folder), ("journal", check_folder)):
        path = getattr(options, flag)
        if path is not None:
            try:
                check(Path(path))
            except FileWriteError as error:
                raise SettingError(f"--{flag}: {error}; name another place") from None


@contextmanager
def _cluster(options: argparse.Namespace, settings: Settings) -> Iterator[VisitedCluster]:
    """Give the standing cluster of that name; without a name, and a default one, one of the trials' own.

    Raises:
        SettingError: if no cluster of that name stands.
    """
    registry = clusters()
    if options.name is not None and (options.name != DEFAULT or DEFAULT in registry.kept()):
        found = registry.find(options.name)
        asked = [
            f"--{name.replace('_', '-')}"
            for name in OWN_CLUSTER
            if getattr(options, name) is not None
        ]
        if asked or options.proxy:
            raise SettingError(
                f"{', '.join(asked) or '--proxy'}: the cluster {options.name!r} stands already; `rdsfailover"
                " run [these options] -- rdsfailover trial ...` gives the trials one of their own"
            )
        with VisitedCluster(found) as cluster:
            yield cluster
        return
    if options.http is not None:
        raise SettingError(
            "--http: no cluster stands, so no service can write to it; start one by `rdsfailover up`,"
            " and the service with its variables"
        )
    own = OwnCluster.of(options, f"trial-{os.getpid()}", settings)
    with own.started() as host, VisitedCluster(host.description) as cluster:
        yield cluster


class TrialSession:
    """The trials of one command on one cluster.

    Args:
        options: what was typed.
        settings: the same, read.
        cluster: what fails over.
        fleet: the functions that write, as options of a trial; empty for writers of this process.
        mark: variables by which programs that write are found if this process is killed.

    Attributes:
        problems: lines that say what could not be found out.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        settings: Settings,
        cluster: VisitedCluster,
        fleet: LoadOptions,
        mark: Mapping[str, str],
    ) -> None:
        self._fleet = fleet
        self._options, self._settings, self._cluster = options, settings, cluster
        self._endpoint = cluster.endpoint(options.endpoint)
        self._noted: list[Trial] = []
        self._runner = TrialRunner(
            cluster, settings, test="trial", profile=options.profile, expectations={},
            note=self._noted.append,
        )  # fmt: skip
        told = changes(cluster.description, options.endpoint, os.environ)
        self._workload = workload_of(options, {**told, **mark})
        self._stored = None
        if options.stored_sql is not None:
            self._stored = StoredKeys(cluster.audit_endpoint, options.stored_sql)
        self.problems: list[str] = []

    def prepare(self) -> None:
        """Make what the workload needs, and see whether its keys can be read back.

        Raises:
            SettingError: if they cannot, or what makes it is refused.
        """
        for statement in self._options.setup_sql:
            try:
                ran(self._cluster.audit_endpoint(), statement)
            except ServerError as error:
                raise SettingError(f"--setup-sql: {error}") from None
        if self._stored is not None:
            self._stored.check()

    def taken(self, count: int) -> Sequence[Trial]:
        """Run trials; what ends one of them takes nothing from those before.

        Raises:
            RdsFailoverError: if not even the first can be run.
        """
        for number in range(1, count + 1):
            try:
                self._run()
            except RdsFailoverError as error:
                if not self._noted:
                    raise
                self.problems.append(f"trial {number} of {count} was not run to its end: {error}")
                break
            if number < count:
                time.sleep(self._settings.spacing)
        return self._noted

    def _run(self) -> None:
        """Run one trial; an invalid one is a trial, too."""
        more = self._fleet
        if self._workload is not None:
            more = {"workload": self._workload, "stored": self._stored}
        try:
            self._runner.trial(
                self._endpoint,
                target=self._options.target,
                failover=self._options.failover,
                **more,
            )
        except InvalidTrialError:
            pass  # its reason is in the table
        except AuditError as error:
            self.problems.append(f"not audited: {error}")

    def write(self, directory: Path, found: Trial) -> Path:
        """Write a trial's journal; return its path."""
        label = archive.Label(
            test="trial",
            scenario=self._options.endpoint,
            seed=self._settings.seed,
            rerun="",
            versions=environment(self._cluster)["versions"],
        )
        assert found.evidence is not None  # noqa: S101 - for the type checker: we have just taken it
        return archive.write(directory, found.evidence, label)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _show(lines: Sequence[str]) -> None:
    say(own_words(printable("\n".join(lines))))
