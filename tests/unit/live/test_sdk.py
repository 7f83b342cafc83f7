"""An SDK that cannot tell a gate what it reads closes the gates."""

import re
from functools import cache
from pathlib import Path

import botocore.loaders
import pytest
from facts import settings

from pytest_rdsfailover.live import sdk
from pytest_rdsfailover.live.gatherer import Gatherer
from pytest_rdsfailover.live.ledger import Ledger
from pytest_rdsfailover.live.region import Region

ROOT = Path(__file__).parents[3]
LOAD = botocore.loaders.Loader.load_service_model
EVERYTHING = {
    "fis": settings(trigger="fis", fis_template="EXT1", alarms=("a",), proxy="p"),
    "switchover": settings(
        trigger="switchover", allow_switchover=True, global_cluster="w",
        switchover_to="arn:aws:rds:us-west-2:111122223333:cluster:orders",
    ),
    "blue-green": settings(trigger="blue-green", allow_blue_green=True, blue_green_deployment="bgd-1"),
}  # fmt: skip
SERVICES = {"cloudwatch": sdk.ALARMS, "fis": sdk.FIS} | {
    "rds": sdk.RDS | sdk.PROXY | sdk.GLOBAL | sdk.BLUE_GREEN
}
BY_TRIGGER = {
    "DescribeGlobalClusters": "switchover", "DescribeBlueGreenDeployments": "blue-green",
}  # fmt: skip
MEMBERS = [
    (service, operation, path)
    for service, members in SERVICES.items()
    for operation, paths in members.items()
    for path in paths
]


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")


@cache
def described(*service):
    """Return what the SDK says of a service; it takes long to read."""
    return LOAD(botocore.loaders.create_loader(), *service)


@pytest.fixture
def without(monkeypatch):
    """Have an SDK whose description of a service lacks a member, as an older one's does."""

    def plant(service, operation, path):
        def older(_, name, kind, api_version=None):
            model = described(name, kind, api_version)
            if (name, kind) != (service, "service-2"):
                return model
            shapes = dict(model["shapes"])
            name = model["operations"][operation]["output"]["shape"]
            *way, last = path.split(".")
            for part in way:
                name = shapes[name]["members"][part]["shape"]
                while shapes[name]["type"] in ("list", "map"):
                    inner = "member" if shapes[name]["type"] == "list" else "value"
                    name = shapes[name][inner]["shape"]
            members = dict(shapes[name]["members"])
            del members[last]
            shapes[name] = shapes[name] | {"members": members}
            return model | {"shapes": shapes}

        monkeypatch.setattr(botocore.loaders.Loader, "load_service_model", older)

    return plant


@pytest.mark.parametrize("asked", EVERYTHING.values(), ids=EVERYTHING)
def test_the_installed_sdk_knows_what_the_gates_read(asked):
    sdk.check_sdk(Region("eu-west-1", "http://127.0.0.1:9"), asked)


@pytest.mark.parametrize(("service", "operation", "path"), MEMBERS)
def test_a_member_that_the_sdk_does_not_know_is_named(without, service, operation, path):
    without(service, operation, path)
    asked = EVERYTHING[BY_TRIGGER.get(operation, "fis")]
    with pytest.raises(ValueError, match=re.escape(f"{operation}: {path}")):
        sdk.check_sdk(Region("eu-west-1", "http://127.0.0.1:9"), asked)


@pytest.mark.parametrize(
    ("service", "operation", "path"),
    [
        ("rds", "DescribeEvents", "Marker"), ("rds", "DescribeDBInstances", "Marker"),
        ("rds", "DescribeDBProxyTargets", "Marker"), ("cloudwatch", "DescribeAlarms", "NextToken"),
    ],
)  # fmt: skip
def test_an_sdk_that_would_lose_later_pages_in_silence_is_named(without, service, operation, path):
    without(service, operation, path)
    with pytest.raises(ValueError, match=f"{operation}: {path}"):
        sdk.check_sdk(Region("eu-west-1", "http://127.0.0.1:9"), EVERYTHING["fis"])


def test_such_an_sdk_closes_the_gates(without, tmp_path):
    without("rds", "DescribeDBClusters", "DBClusters.GlobalClusterIdentifier")
    region = Region("eu-west-1", "http://127.0.0.1:9")
    region._ask, region._all = lambda *_, **__: {}, lambda *_, **__: []
    ledger = Ledger(tmp_path, "orders", session="one")
    evidence = Gatherer(settings(), region, ledger).evidence(None)

    assert any("DBClusters.GlobalClusterIdentifier" in why for why in evidence.unknown)


def test_the_oldest_boto3_that_is_allowed_knows_the_global_database_of_a_cluster():
    """Before botocore 1.39 `DescribeDBClusters` had no `GlobalClusterIdentifier`."""
    text = (ROOT / "pyproject.toml").read_text()
    lowest = re.search(r'"boto3>=(\d+)\.(\d+)', text)

    assert (int(lowest[1]), int(lowest[2])) >= (1, 39)


def test_everything_that_facts_read_of_an_answer_is_in_the_table():
    """So that a new gate cannot read what nobody has looked up. These three decide no gate."""
    live = ROOT / "pytest_rdsfailover" / "live"
    text = "".join((live / name).read_text() for name in ("facts.py", "deployments.py"))
    read = set(re.findall(r'(?:\[|get\()"([A-Za-z]\w+)"', text))
    looked_up = {part for _, _, path in MEMBERS for part in path.split(".")}

    assert read - looked_up <= {
        "EngineVersion", "ReaderEndpoint", "Port", "MasterUsername", "MasterUserSecret",
        "SecretArn",
    }  # fmt: skip
