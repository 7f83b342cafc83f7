"""The files by which a standing cluster leads programs to itself."""

import argparse
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pytest_rdsfailover.cli.cluster_file import ClusterFile
from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.local.standing.variables import lines, variables


@dataclass(frozen=True, slots=True, kw_only=True)
class UpFiles:
    """The files that a standing cluster writes for programs.

    Attributes:
        env: variables; None for no such file.
        hosts: where host names lead now; None for no such file.
    """

    env: ClusterFile | None
    hosts: ClusterFile | None

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """Return the files that were asked for.

        Raises:
            SettingError: if one of them is not ours to write.
        """
        env, hosts = options.env_file, options.hosts_file
        return cls(
            env=None if env is None else ClusterFile(Path(env), "--env-file"),
            hosts=None if hosts is None else ClusterFile(Path(hosts), "--hosts-file"),
        )

    def enter(self, stack: ExitStack) -> None:
        """Have a stack remove them."""
        for file in filter(None, (self.env, self.hosts)):
            stack.enter_context(file)

    def write_variables(self, description: Description, options: argparse.Namespace) -> None:
        """Write the variables that lead to the cluster."""
        if self.env is not None:
            told = variables(description, options.endpoint)
            self.env.write(lines(told, options.env_format))

    def write_hosts(self, cluster: LocalCluster) -> None:
        """Write where the names lead now; nothing happens if they lead there already."""
        zone = cluster.zone()
        if self.hosts is not None and zone is not None:
            self.hosts.write(zone.hosts_file())
