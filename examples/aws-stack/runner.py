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
NEEDED = ("LookOnly", "FailOverTheOneCluster", "ReadItsSecret")  # of the policy's statements
COMMAND = (
    "pytest --rds-live --rds-schema=rdsfailover --rds-ca=rds-ca.pem -rs"
    " --rds-cluster=$CLUSTER --rds-account=$ACCOUNT --rds-region=$AWS_REGION --rds-secret=$SECRET"
    " --rds-json=result/result.json --rds-report=result/page --rds-audit=result/audit.jsonl"
)
BUILD = {
    "version": "0.2",
    "phases": {
        # No way leads to PyPI: the wheels are packed with the tests.
        "install": {
            "commands": ["pip install --no-index --find-links=wheels 'pytest-rdsfailover[aws]'"]
        },
        "build": {"commands": [COMMAND]},
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
        source = assets.Asset(self, "Suite", path=suite)
        self.project = codebuild.Project(
            self,
            "Project",
            source=codebuild.Source.s3(bucket=source.bucket, path=source.s3_object_key),
            build_spec=codebuild.BuildSpec.from_object(BUILD),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.STANDARD_7_0
            ),
            environment_variables=_variables(database),
            vpc=network.vpc,
            subnet_selection=network.subnets,
            security_groups=[self.group],
            artifacts=codebuild.Artifacts.s3(
                bucket=self._reports(), package_zip=False, include_build_id=True
            ),
            concurrent_build_limit=1,  # two failovers at once prove nothing
            timeout=cdk.Duration.hours(2),
        )
        for statement in statements(database):
            self.project.add_to_role_policy(statement)
        load.function.grant_invoke(self.project)
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


def _variables(database: Database) -> Mapping[str, codebuild.BuildEnvironmentVariable]:
    values = {
        "CLUSTER": database.cluster.cluster_identifier,
        "ACCOUNT": cdk.Aws.ACCOUNT_ID,
        "SECRET": database.secret.secret_arn,
    }
    return {name: codebuild.BuildEnvironmentVariable(value=value) for name, value in values.items()}


def statements(database: Database) -> list[iam.PolicyStatement]:
    """Return what the run may do, as docs/iam-policy.json has it, for this cluster and no other."""
    text = POLICY.read_text()
    found = {each["Sid"]: each for each in json.loads(text)["Statement"]}
    return [iam.PolicyStatement.from_json(_for(database, found[name])) for name in NEEDED]


def _for(database: Database, statement: Mapping[str, Any]) -> dict[str, Any]:
    cluster = database.cluster
    names = {
        "arn:aws:rds:REGION:ACCOUNT:cluster:CLUSTER": cluster.cluster_arn,
        "arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET": database.secret.secret_arn,
    }
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
