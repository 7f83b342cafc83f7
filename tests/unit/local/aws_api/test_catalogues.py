"""What moto would load of EC2 is left out while it is imported, and nothing else is."""

import pytest

utils = pytest.importorskip("moto.utilities.utils", reason="needs the extra aws")
from pytest_rdsfailover.local.aws_api.main import without_catalogues_of_ec2  # noqa: E402


def test_only_ec2_is_left_out_and_only_within_the_block(monkeypatch):
    def real(name):
        return f"the real {name}"

    monkeypatch.setattr(utils, "load_resource", real)
    names = ("ec2/resources/instance_types.json", "ec2/resources/amis.json", "rds/resources/x.json")
    with without_catalogues_of_ec2():
        assert [utils.load_resource(name) for name in names] == [{}, [], f"the real {names[2]}"]
    assert utils.load_resource is real


def test_botocore_reads_no_operations_of_ec2_meanwhile_and_all_others():
    loader = pytest.importorskip("botocore.loaders").Loader
    with without_catalogues_of_ec2():
        assert "operations" not in loader().load_service_model("ec2", "service-2")
        assert "FailoverDBCluster" in loader().load_service_model("rds", "service-2")["operations"]
    assert "RunInstances" in loader().load_service_model("ec2", "service-2")["operations"]
