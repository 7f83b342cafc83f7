"""`rdsfailover up`: a cluster that stands until it is told to end."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict

from pytest_rdsfailover.cli.acting import end
from pytest_rdsfailover.cli.cluster_options import settings_of
from pytest_rdsfailover.cli.clusters import clusters
from pytest_rdsfailover.cli.detached import Announce, detach
from pytest_rdsfailover.cli.output import say
from pytest_rdsfailover.cli.own_cluster import OwnCluster
from pytest_rdsfailover.cli.signals import EndedError, ended_by_signals
from pytest_rdsfailover.cli.standing_arguments import DEFAULT
from pytest_rdsfailover.local.gateway.client import connect
from pytest_rdsfailover.local.processes.identity import identity_of
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.local.standing.happenings import Happenings
from pytest_rdsfailover.local.standing.host import Limits
from pytest_rdsfailover.local.standing.registry import check_name
from pytest_rdsfailover.local.standing.variables import changes
from pytest_rdsfailover.local.standing.variables import lines as variable_lines
from pytest_rdsfailover.model.errors import FileWriteError, RdsFailoverError, SettingError
from pytest_rdsfailover.model.files import remove


def up(options: argparse.Namespace) -> int:
    """Start a cluster and keep it; return the exit status."""
    name = check_name(options.name)
    if options.idle == 0:
        raise SettingError("--idle 0s: no cluster would stand; write a time, or leave it out")
    limits = Limits(
        parent=identity_of(os.getppid()) if options.with_parent else None, idle=options.idle
    )
    own = OwnCluster.of(options, name, settings_of(options))
    registry = clusters()
    if not options.detach:
        return _keep(options, own, limits, say)

    def keep(announce: Announce) -> int:
        status = _keep(options, own, limits, announce)
        remove(registry.log(name))  # only a cluster that failed has left anything to say
        return status

    registry.check_free(name)  # whose log would be another's
    said = detach(keep, registry.log(name), options.failed, options.wrong)
    if said.status:
        raise (
            SettingError(said.text) if said.status == options.wrong else RdsFailoverError(said.text)
        )
    try:
        say(said.text)
    except FileWriteError:  # nobody knows of the cluster
        end(name, registry.keeper(name))
        raise
    return said.status


def _keep(
    options: argparse.Namespace,
    own: OwnCluster,
    limits: Limits,
    announce: Announce,
) -> int:
    """Keep a cluster until something ends it."""
    with suppress(EndedError), ended_by_signals(), ExitStack() as stack:
        host = stack.enter_context(own.started())
        if own.env is not None:
            stack.enter_context(own.env)
            told = changes(host.description, options.endpoint, os.environ)
            own.env.write(variable_lines(told, options.env_format))
        shown = document(host.description) if options.json else "\n".join(lines(host.description))
        announce(shown)
        gateway = stack.enter_context(connect(host.description.control))
        happenings = Happenings(gateway)

        def look() -> None:
            for happening in happenings.new():
                say(json.dumps(asdict(happening)) if options.json else str(happening))

        why = host.wait(limits, look)
        print(f"rdsfailover up: {own.name} ends: {why}", file=sys.stderr)  # noqa: T201
    return 0


def document(description: Description) -> str:
    """Return all that a program may want to know of a cluster, as one line of JSON."""
    told = changes(description, "writer", os.environ)
    places = {
        called: asdict(description.places[name]) for called, name in description.called.items()
    }
    return json.dumps(
        {
            "name": description.name,
            "pid": description.keeper.pid,
            "endpoints": places,
            "user": description.user,
            "password": str(description.password),
            "database": description.database,
            "ca": description.ca,
            "cluster": description.identifier,
            "seed": description.seed,
            "parts": description.parts,
            "environment": {name: value for name, value in told.items() if value is not None},
        }
    )


def lines(description: Description) -> Iterator[str]:
    """Yield what a person wants to know of a cluster."""
    at = {called: str(description.places[name]) for called, name in description.called.items()}
    instances = "   ".join(f"{name} {at[name]}" for name in description.instances)
    server, profile = description.parts["server"], description.profile
    yield f"cluster   {description.name}   {server}   profile {profile}, seed {description.seed}"
    yield f"writer    {at['writer']}   reader {at['reader']}"
    yield f"instances {instances}"
    yield f"proxy     {at['proxy']}   proxy-reader {at['proxy-reader']}"
    yield (
        f"user      {description.user}   password {shlex.quote(description.password)}"
        f"   database {description.database}"
    )
    yield f"CA file   {description.ca}"
    if description.aws is None:
        yield "aws       not installed: pip install 'pytest-rdsfailover[aws]'"
    else:
        aws = description.aws
        yield (
            f"aws       AWS_ENDPOINT_URL={aws.url}   AWS_REGION={aws.region}"
            f"   cluster {description.identifier}"
        )
    for called, name in description.called.items():
        if name in description.names:
            yield f"name      {called}  {description.names[name]}"
    if description.dns is not None:
        yield f"dns       {description.dns} (UDP) answers for these names"
    named = "" if description.name == DEFAULT else f" --name {description.name}"
    commands = ("failover", "toxic writer latency=200", "status", "down")
    yield "next      " + " · ".join(f"rdsfailover {command}{named}" for command in commands)
