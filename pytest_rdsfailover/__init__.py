"""Prove in a pytest test that an application survives an Aurora MySQL failover.

What a test, a `conftest.py` or an annotation may name is in `__all__`. Everything else in this
package is private: it may change or move in any release.

Nothing is imported before it is asked for, so that a suite that uses none of it pays for none.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_rdsfailover.analysis.attempts import Attempts
    from pytest_rdsfailover.analysis.figure import Figure
    from pytest_rdsfailover.analysis.findings.finding import Finding
    from pytest_rdsfailover.analysis.latency import Latency, Percentiles, Quantiles
    from pytest_rdsfailover.analysis.outages import Incident
    from pytest_rdsfailover.analysis.phases import Phase
    from pytest_rdsfailover.analysis.population import Population, Sample
    from pytest_rdsfailover.analysis.pulse import Pulse
    from pytest_rdsfailover.analysis.reliability import Reliability
    from pytest_rdsfailover.analysis.staleness import Reads
    from pytest_rdsfailover.analysis.verdicts.arguments import Claims, Expectations
    from pytest_rdsfailover.aws.client import AwsError
    from pytest_rdsfailover.journal.complaints import Complaint
    from pytest_rdsfailover.live.api import TouchError
    from pytest_rdsfailover.live.gates import RefusedError
    from pytest_rdsfailover.live.ledger import LedgerError
    from pytest_rdsfailover.live.preflight import PreflightError
    from pytest_rdsfailover.live.watch import LostWatchError
    from pytest_rdsfailover.load.attempts import Attempt
    from pytest_rdsfailover.load.engine import LoadError
    from pytest_rdsfailover.load.http import HttpWorkload
    from pytest_rdsfailover.load.invocations import LambdaWorkload
    from pytest_rdsfailover.load.options import BeginAttempt
    from pytest_rdsfailover.load.programs import ProcessWorkload
    from pytest_rdsfailover.load.writer import ReconnectPolicy
    from pytest_rdsfailover.local.database_faults import DatabaseFaults
    from pytest_rdsfailover.local.failovers import FailoverInProgressError
    from pytest_rdsfailover.local.gateway.proxy.settings import ProxyChanges, ProxySettings
    from pytest_rdsfailover.local.gateway.proxy.stats import Pin, ProxyStats
    from pytest_rdsfailover.local.network import Faults
    from pytest_rdsfailover.local.server.accounts import ServerError
    from pytest_rdsfailover.local.toxiproxy.arguments import ToxicDescription, ToxicOptions
    from pytest_rdsfailover.local.toxiproxy.client import Toxic, ToxiproxyClient, ToxiproxyProxy
    from pytest_rdsfailover.model.endpoints import Bounds, Endpoint, Tls
    from pytest_rdsfailover.model.errors import (
        AuditError,
        CancelledWorkError,
        CommandError,
        DiedError,
        ExitedWorkError,
        GatewayError,
        LeftBehindWarning,
        NotHereError,
        NotReadyError,
        NotResumedWarning,
        RdsFailoverError,
        SettingError,
        StoppedError,
        ToldError,
        ToxiproxyError,
        UnaskedFindingWarning,
        UndecidedError,
        UnreliableTrialsWarning,
    )
    from pytest_rdsfailover.model.records import Fault, Milestone, Outcome, Window
    from pytest_rdsfailover.model.target import Failover
    from pytest_rdsfailover.plugin.cluster_protocols import (
        AwsApi,
        BlueGreen,
        Cluster,
        Proxy,
        StartCluster,
    )
    from pytest_rdsfailover.plugin.protocols import (
        AwaitedLoad,
        FailOver,
        Load,
        LoadBlock,
        RunTrial,
        RunTrials,
        StartLoad,
    )
    from pytest_rdsfailover.trial.calm import UnfitLoadError
    from pytest_rdsfailover.trial.extensions import OwnFault, UnsafeError
    from pytest_rdsfailover.trial.options import LoadOptions, TrialOptions
    from pytest_rdsfailover.trial.repeats import ResumedVerdictError
    from pytest_rdsfailover.trial.trial import InvalidTrialError, Trial
    from pytest_rdsfailover.trial.trials import InvalidTrialsError, Trials

    __version__: str

__all__ = [
    "Attempt",
    "Attempts",
    "AuditError",
    "AwaitedLoad",
    "AwsApi",
    "AwsError",
    "BeginAttempt",
    "BlueGreen",
    "Bounds",
    "CancelledWorkError",
    "Claims",
    "Cluster",
    "CommandError",
    "Complaint",
    "DatabaseFaults",
    "DiedError",
    "Endpoint",
    "ExitedWorkError",
    "Expectations",
    "FailOver",
    "Failover",
    "FailoverInProgressError",
    "Fault",
    "Faults",
    "Figure",
    "Finding",
    "GatewayError",
    "HttpWorkload",
    "Incident",
    "InvalidTrialError",
    "InvalidTrialsError",
    "LambdaWorkload",
    "Latency",
    "LedgerError",
    "LeftBehindWarning",
    "Load",
    "LoadBlock",
    "LoadError",
    "LoadOptions",
    "LostWatchError",
    "Milestone",
    "NotHereError",
    "NotReadyError",
    "NotResumedWarning",
    "Outcome",
    "OwnFault",
    "Percentiles",
    "Phase",
    "Pin",
    "Population",
    "PreflightError",
    "ProcessWorkload",
    "Proxy",
    "ProxyChanges",
    "ProxySettings",
    "ProxyStats",
    "Pulse",
    "Quantiles",
    "RdsFailoverError",
    "Reads",
    "ReconnectPolicy",
    "RefusedError",
    "Reliability",
    "ResumedVerdictError",
    "RunTrial",
    "RunTrials",
    "Sample",
    "ServerError",
    "SettingError",
    "StartCluster",
    "StartLoad",
    "StoppedError",
    "Tls",
    "ToldError",
    "TouchError",
    "Toxic",
    "ToxicDescription",
    "ToxicOptions",
    "ToxiproxyClient",
    "ToxiproxyError",
    "ToxiproxyProxy",
    "Trial",
    "TrialOptions",
    "Trials",
    "UnaskedFindingWarning",
    "UndecidedError",
    "UnfitLoadError",
    "UnreliableTrialsWarning",
    "UnsafeError",
    "Window",
]

# Where each name is at home, for those who do not check types.
_HOMES = {
    "analysis.attempts": "Attempts",
    "analysis.figure": "Figure",
    "analysis.findings.finding": "Finding",
    "analysis.latency": "Latency Percentiles Quantiles",
    "analysis.outages": "Incident",
    "analysis.phases": "Phase",
    "analysis.population": "Population Sample",
    "analysis.pulse": "Pulse",
    "analysis.reliability": "Reliability",
    "analysis.staleness": "Reads",
    "analysis.verdicts.arguments": "Claims Expectations",
    "aws.client": "AwsError",
    "live.api": "TouchError",
    "live.watch": "LostWatchError",
    "live.gates": "RefusedError",
    "live.ledger": "LedgerError",
    "live.preflight": "PreflightError",
    "journal.complaints": "Complaint",
    "load.attempts": "Attempt",
    "load.engine": "LoadError",
    "load.http": "HttpWorkload",
    "load.invocations": "LambdaWorkload",
    "load.options": "BeginAttempt",
    "load.programs": "ProcessWorkload",
    "load.writer": "ReconnectPolicy",
    "local.failovers": "FailoverInProgressError",
    "local.gateway.proxy.settings": "ProxyChanges ProxySettings",
    "local.database_faults": "DatabaseFaults",
    "local.network": "Faults",
    "local.gateway.proxy.stats": "Pin ProxyStats",
    "local.server.accounts": "ServerError",
    "local.toxiproxy.arguments": "ToxicDescription ToxicOptions",
    "local.toxiproxy.client": "Toxic ToxiproxyClient ToxiproxyProxy",
    "model.endpoints": "Bounds Endpoint Tls",
    "model.errors": "AuditError CancelledWorkError CommandError DiedError ExitedWorkError GatewayError LeftBehindWarning NotHereError NotReadyError NotResumedWarning RdsFailoverError SettingError StoppedError ToldError ToxiproxyError UnaskedFindingWarning UndecidedError UnreliableTrialsWarning",
    "model.records": "Fault Milestone Outcome Window",
    "model.target": "Failover",
    "plugin.cluster_protocols": "AwsApi BlueGreen Cluster Proxy StartCluster",
    "plugin.protocols": "AwaitedLoad FailOver Load LoadBlock RunTrial RunTrials StartLoad",
    "trial.extensions": "OwnFault UnsafeError",
    "trial.calm": "UnfitLoadError",
    "trial.options": "LoadOptions TrialOptions",
    "trial.repeats": "ResumedVerdictError",
    "trial.trials": "InvalidTrialsError Trials",
    "trial.trial": "InvalidTrialError Trial",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def _find(name: str) -> Any:
    """Return what a test may name, and import it now; the version, too."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("pytest-rdsfailover")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    """Return what a test may name, for editors and shells."""
    return [*__all__, "__version__"]


if not TYPE_CHECKING:  # a type checker that sees it takes every name for one of ours
    __getattr__ = _find
