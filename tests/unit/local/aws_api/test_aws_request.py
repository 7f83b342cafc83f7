"""Which calls may change what later ones are answered."""

import io

import pytest

from pytest_rdsfailover.local.aws_api.request import changes

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def environ(method="POST", path="/", body=b"", kind="", target=None):
    found = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
    }  # fmt: skip
    return found if target is None else {**found, "HTTP_X_AMZ_TARGET": target}


@pytest.mark.parametrize(
    ("told", "may"),
    [
        ({"kind": FORM, "body": b"Action=DescribeDBClusters&Version=1"}, False),
        ({"kind": FORM, "body": b"Version=1&Action=FailoverDBCluster"}, False),
        ({"kind": FORM, "body": b"Action=RebootDBInstance"}, False),
        ({"kind": FORM, "body": b"Action=ModifyDBCluster"}, True),
        ({"kind": FORM, "body": b"Action=Describe"}, True),
        ({"kind": FORM, "body": b"Action=Describes"}, True),
        ({"kind": FORM, "body": b"NoAction=DescribeDBClusters"}, True),
        ({"target": "secretsmanager.GetSecretValue"}, False),
        ({"target": "secretsmanager.RotateSecret"}, True),
        ({"path": "/service/x/operation/ListMetrics"}, False),
        ({"path": "/service/x/operation/PutMetricData"}, True),
        ({"method": "GET", "path": "/experiments"}, False),
        ({"method": "POST", "path": "/experiments"}, True),
        ({"method": "DELETE", "path": "/experiments"}, True),
    ],
)
def test_only_calls_that_look_leave_all_as_it_was(told, may):
    found = environ(**told)

    assert bool(changes(found)) is may
    assert found["wsgi.input"].read() == told.get("body", b"")  # who answers it reads it again
