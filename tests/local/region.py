"""What the tests of the AWS API of a local cluster share."""

import pytest
from botocore.exceptions import ClientError

from pytest_rdsfailover.aws.client import add_headers
from pytest_rdsfailover.local.aws_api.script import SCRIPT, encode_script
from pytest_rdsfailover.local.profiles.profiles import parse_profile

CLUSTER = "rdsfailover"
# Long enough to be seen on a machine that is busy with other things.
SLOW = parse_profile("slow", {"onset": "500ms", "refused": "1s", "promotion": "1s", "dns": "1.1s"})


def described(rds):
    return rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]


def writers(cluster):
    return [
        one["DBInstanceIdentifier"] for one in cluster["DBClusterMembers"] if one["IsClusterWriter"]
    ]


def refusal(call, **arguments):
    """Return the error code that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def fail_over(rds, **options):
    return rds.failover_db_cluster(DBClusterIdentifier=CLUSTER, **options)["DBCluster"]


def slowly(api, operation, profile=SLOW):
    """Let what this client starts by one operation last long enough to be seen."""
    add_headers(api, operation, lambda: {SCRIPT: encode_script(profile, 1)})
