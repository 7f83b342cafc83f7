"""SDKs of AWS in other languages, unchanged, act on the cluster of `rdsfailover run`."""

import shutil
import sys
from pathlib import Path

import pytest
from commands import done

ROOT = Path(__file__).parents[2]
MODULES = ROOT / ".servers" / "aws-sdk" / "node_modules"
# ES modules look for others beside themselves only.
NODE = """cp {example} . && ln -s {modules} node_modules && node --no-warnings failover.mjs"""
CLI = """
id="--db-cluster-identifier $RDSFAILOVER_CLUSTER --output text"
writer() { aws rds describe-db-clusters $id \
  --query 'DBClusters[0].DBClusterMembers[?IsClusterWriter].DBInstanceIdentifier'; }
before=$(writer)
aws rds failover-db-cluster $id --query DBCluster.Status >/dev/null
for _ in $(seq 60); do now=$(writer); [ "$now" = "$before" ] || break; done
echo "$before -> $now"
"""

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


def javascript():
    if not (shutil.which("node") and (MODULES / "@aws-sdk").exists()):
        pytest.skip("needs Node.js and @aws-sdk/client-rds: scripts/fetch-extras")
    return NODE.format(example=ROOT / "examples" / "node" / "failover.mjs", modules=MODULES)


def go():
    failover = ROOT / "examples" / "go" / "failover" / "failover"
    if not failover.exists():
        pytest.skip("needs Go and aws-sdk-go-v2: scripts/fetch-extras, or its Makefile")
    return str(failover)


def command_line():
    if not shutil.which("aws"):
        pytest.skip("needs the AWS CLI, which scripts/fetch-extras leaves to you: 190 MB")
    return CLI


@pytest.mark.parametrize(
    "commands", [javascript, go, command_line], ids=["@aws-sdk/client-rds", "aws-sdk-go-v2", "aws"]
)
def test_it_fails_the_cluster_over_and_sees_the_new_writer(tmp_path, commands):
    ended = done("run", "--", "/bin/sh", "-c", commands(), cwd=tmp_path)

    assert ended.stdout == "instance-1 -> instance-2\n", ended.stderr
