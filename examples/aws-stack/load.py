"""The load function: what `rdsfailover lambda build` makes, in the cluster's network."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from constructs import Construct
from network import Network

HANDLER = "rdsfailover_load.handler"
FULL_CPU = 1769  # MB: from there on a function has a whole CPU


class LoadFunction(Construct):
    """A function that writes when it is told to, and keeps nothing.

    Attributes:
        function: the function.
        group: its security group.
    """

    def __init__(self, scope: Construct, name: str, network: Network, *, package: str) -> None:
        super().__init__(scope, name)
        self.group = network.group(self, "writers of the load function")
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.function = functions.Function(
            self,
            "Function",
            function_name="rdsfailover-load",
            runtime=functions.Runtime.PYTHON_3_14,
            handler=HANDLER,
            code=functions.Code.from_asset(package),
            memory_size=FULL_CPU,
            timeout=cdk.Duration.minutes(15),
            role=role,
            vpc=network.vpc,
            vpc_subnets=network.subnets,
            security_groups=[self.group],
            log_group=logs.LogGroup(
                self,
                "Log",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=cdk.RemovalPolicy.DESTROY,
            ),
        )
