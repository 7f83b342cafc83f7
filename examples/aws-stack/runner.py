"""The nightly run: CodeBuild inside the VPC, with a role that can fail this one cluster over."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct
from database import Database
from load import LoadFunction
from network import Network

POLICY = Path(__file__).parents[2] / "docs" / "iam-policy.json"
# Of the policy's statements.
NEEDED = (
    "LookOnly", "FailOverTheOneCluster", "ReadItsSecret", "OnlyForFunctions",
    "OnlyForFunctionsWithoutTheirOwnConcurrency", "OnlyForFunctionsBucket",
)  # fmt: skip
COMMAND = (
    "pytest --rds-live --rds-schema=rdsfailover --rds-ca=rds-ca.pem -rs"
    " --rds-cluster=$CLUSTER --rds-account=$ACCOUNT --rds-region=$AWS_REGION --rds-secret=$SECRET"
    " --rds-max-failovers=2"  # one for each test of the suite
    " --rds-json=result/result.json --rds-report=result/page --rds-audit=result/audit.jsonl"
)
BY_PROXY = " --rds-proxy=$PROXY"
BUILD: Mapping[str, Any] = {
    "version": "0.2",
    "phases": {
        # No way leads to PyPI: the wheels are packed with the tests.
        "install": {
            "commands": ["pip install --no-index --find-links=wheels 'pytest-rdsfailover[aws]'"]
        },
    },
    "artifacts": {"base-directory": "result", "files": ["**/*"], "name": "$CODEBUILD_BUILD_NUMBER"},
}


class NightlyRun(Construct):
    """A build that fails the cluster over and keeps what it found.

    Attributes:
        project: the build.
        group: its security group.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        network: Network,
        database: Database,
        load: LoadFunction,
        *,
        suite: str,
        hour: str,
    ) -> None:
        super().__init__(scope, name)
        self.group = network.group(self, "the nightly run")
        reports = self._reports()
        source = assets.Asset(self, "Suite", path=suite)
        self.project = codebuild.Project(
            self,
            "Project",
            source=codebuild.Source.s3(bucket=source.bucket, path=source.s3_object_key),
            build_spec=codebuild.BuildSpec.from_object(_build(database)),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.STANDARD_7_0
            ),
            environment_variables=_variables(database, reports),
            vpc=network.vpc,
            subnet_selection=network.subnets,
            security_groups=[self.group],
            artifacts=codebuild.Artifacts.s3(
                bucket=reports, package_zip=False, include_build_id=True
            ),
            concurrent_build_limit=1,  # two failovers at once prove nothing
            timeout=cdk.Duration.hours(2),
        )
        for statement in statements(database, load, reports):
            self.project.add_to_role_policy(statement)
        events.Rule(
            self,
            "Schedule",
            schedule=events.Schedule.cron(hour=hour, minute="17", week_day="MON-FRI"),
            targets=[targets.CodeBuildProject(self.project)],
        )

    def _reports(self) -> s3.Bucket:
        """Return the bucket for reports, which outlives the stack."""
        return s3.Bucket(
            self,
            "Reports",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(90))],
        )


def _build(database: Database) -> dict[str, Any]:
    command = COMMAND + ("" if database.proxy is None else BY_PROXY)
    return {**BUILD, "phases": {**BUILD["phases"], "build": {"commands": [command]}}}


def _variables(
    database: Database, reports: s3.Bucket
) -> Mapping[str, codebuild.BuildEnvironmentVariable]:
    values = {
        "CLUSTER": database.cluster.cluster_identifier,
        "ACCOUNT": cdk.Aws.ACCOUNT_ID,
        "SECRET": database.secret.secret_arn,
        "BUCKET": reports.bucket_name,
        "PROXY": "" if database.proxy is None else database.proxy.db_proxy_name,
    }
    return {name: codebuild.BuildEnvironmentVariable(value=value) for name, value in values.items()}


def statements(
    database: Database, load: LoadFunction, reports: s3.Bucket
) -> list[iam.PolicyStatement]:
    """Return what the run may do, as docs/iam-policy.json has it, with what is in this stack only."""
    text = POLICY.read_text()
    found = {rule["Sid"]: rule for rule in json.loads(text)["Statement"]}
    names = {
        "arn:aws:rds:REGION:ACCOUNT:cluster:CLUSTER": database.cluster.cluster_arn,
        "arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET": database.secret.secret_arn,
        "arn:aws:lambda:REGION:ACCOUNT:function:FUNCTION": load.function.function_arn,
        "arn:aws:s3:::BUCKET/rdsfailover/*": reports.arn_for_objects("rdsfailover/*"),
    }
    return [iam.PolicyStatement.from_json(_for(names, found[name])) for name in NEEDED]


def _for(names: Mapping[str, str], statement: Mapping[str, Any]) -> dict[str, Any]:
    asked = statement["Resource"]
    resources = [asked] if isinstance(asked, str) else asked
    # The secret is encrypted by AWS's own key, which needs no grant.
    kept = [names.get(resource, resource) for resource in resources if ":kms:" not in resource]
    actions = statement["Action"]
    actions = [actions] if isinstance(actions, str) else actions
    return {
        **statement,
        "Action": [action for action in actions if not action.startswith("kms:")],
        "Resource": kept,
    }
