"""Descriptions of clusters that nobody has started."""

from pytest_rdsfailover.aws.client import ApiPlace
from pytest_rdsfailover.local.aws_api.script import encode_script
from pytest_rdsfailover.local.listeners import Place
from pytest_rdsfailover.local.processes.identity import own_identity
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.standing.description import Description

AWS = ApiPlace(url="http://127.0.0.1:1", region="us-east-2", key="k", secret="s")
NAMES = ("cluster", "reader", "proxy", "proxy-reader", "instance-1", "instance-2")


def description(**changes):
    """Return what is written down of a cluster that this process keeps."""
    values = {
        "name": "orders",
        "keeper": own_identity(),
        "control": "/nowhere/gateway.sock",
        "toxiproxy": "http://127.0.0.1:1",
        "prefix": "rdsfailover-1-",
        "places": {name: Place(f"127.0.0.{n}", 13306) for n, name in enumerate(NAMES, 2)},
        "user": "app",
        "password": "p@ss:w/rd",
        "database": "shop",
        "ca": "/nowhere/ca.pem",
        "aws": AWS,
        "names": {},
        "dns": None,
        "identifier": "rdsfailover",
        "usual": encode_script(load_profile("aurora"), 7),
        "seed": 7,
        "parts": {"server": "a server"},
        "since": 1.0,
    }
    return Description(**(values | changes))
