"""What the stack promises, asked of its template; wants aws-cdk-lib, cdk-nag and node."""

import json

import pytest

pytest.importorskip("cdk_nag", reason="pip install -r examples/aws-stack/requirements.txt")

from aws_cdk.assertions import Match, Template
from synthesis import KEPT, synthesise, text


@pytest.fixture(scope="module")
def made():
    return synthesise()


@pytest.fixture(scope="module")
def template(made):
    return Template.from_json(made)


def test_the_kept_template_is_the_stack_s(made):
    assert text(made) == KEPT.read_text(), "run python synthesis.py"


def test_nothing_reaches_the_internet(template):
    for kind in ("NatGateway", "InternetGateway", "EIP"):
        template.resource_count_is(f"AWS::EC2::{kind}", 0)
    template.has_resource_properties("AWS::EC2::Subnet", {"MapPublicIpOnLaunch": False})


def test_there_is_a_writer_and_a_reader_that_may_be_failed_over(template):
    template.resource_count_is("AWS::RDS::DBInstance", 2)
    tag = {"Key": "rdsfailover:allowed", "Value": "true"}
    template.has_resource_properties("AWS::RDS::DBCluster", {"Tags": Match.array_with([tag])})


def test_whoever_connects_does_so_by_tls(template):
    parameters = {"Parameters": {"require_secure_transport": "ON"}}
    template.has_resource_properties("AWS::RDS::DBClusterParameterGroup", parameters)
    template.has_resource_properties("AWS::RDS::DBProxy", {"RequireTLS": True})
    template.has_resource_properties("AWS::RDS::DBProxyEndpoint", {"TargetRole": "READ_ONLY"})


def test_the_nightly_run_may_fail_this_cluster_over_and_no_other(made):
    statements = [
        statement
        for resource in made["Resources"].values()
        if resource["Type"] == "AWS::IAM::Policy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if "rds:FailoverDBCluster" in statement["Action"]
    ]
    (statement,) = statements
    assert statement["Condition"] == {
        "StringEquals": {"aws:ResourceTag/rdsfailover:allowed": "true"}
    }
    assert "DatabaseCluster" in json.dumps(statement["Resource"])


def test_reports_outlive_the_stack(template):
    template.has_resource("AWS::S3::Bucket", {"DeletionPolicy": "Retain"})


def test_serverless_without_a_proxy():
    template = Template.from_json(synthesise(serverless="yes", proxy="no"))
    template.resource_count_is("AWS::RDS::DBProxy", 0)
    template.resource_properties_count_is(
        "AWS::RDS::DBInstance", {"DBInstanceClass": "db.serverless"}, 2
    )


@pytest.mark.parametrize("kind", ["r6g.large", "db.r6g.large"])
def test_a_class_may_be_named_as_rds_names_it(kind):
    Template.from_json(synthesise(instance=kind)).resource_properties_count_is(
        "AWS::RDS::DBInstance", {"DBInstanceClass": "db.r6g.large"}, 2
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"proxy": "perhaps"}, "is yes or no, not"),
        ({"serverless": ""}, "is yes or no, not"),
        ({"hour": "24"}, "from 0 to 23, not '24'"),
    ],
)
def test_a_setting_that_is_none_is_named(change, why):
    with pytest.raises(ValueError, match=why):
        synthesise(**change)
