"""The cluster: a writer, a reader, and RDS Proxy with an endpoint for each."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from constructs import Construct
from network import Network

PORT = ec2.Port.tcp(3306)


class Database(Construct):
    """Aurora MySQL, and perhaps RDS Proxy before it.

    Attributes:
        cluster: the cluster.
        proxy: the proxy; None without one.
        secret: its user and password.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        network: Network,
        *,
        engine: str,
        instance: str | None,
        proxy: bool,
    ) -> None:
        super().__init__(scope, name)
        version = rds.AuroraMysqlEngineVersion.of(engine, engine.rpartition(".mysql_aurora.")[0])
        mysql = rds.DatabaseClusterEngine.aurora_mysql(version=version)
        self.cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            engine=mysql,
            vpc=network.vpc,
            vpc_subnets=network.subnets,
            writer=_instance("Writer", instance),
            readers=[_instance("Reader", instance)],
            credentials=rds.Credentials.from_generated_secret("rdsfailover"),
            default_database_name="rdsfailover",
            storage_encrypted=True,
            iam_authentication=True,
            backup=rds.BackupProps(retention=cdk.Duration.days(1)),
            parameters={"require_secure_transport": "ON"},
            cloudwatch_logs_exports=["error"],
            deletion_protection=False,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        assert self.cluster.secret is not None
        self.secret = self.cluster.secret
        self.proxy = self._proxy(network) if proxy else None

    def _proxy(self, network: Network) -> rds.DatabaseProxy:
        proxy = self.cluster.add_proxy(
            "Proxy",
            secrets=[self.secret],
            vpc=network.vpc,
            vpc_subnets=network.subnets,
            require_tls=True,
        )
        proxy.add_endpoint(
            "Reader",
            vpc=network.vpc,
            vpc_subnets=network.subnets,
            target_role=rds.ProxyEndpointTargetRole.READ_ONLY,
        )
        return proxy

    def let_in(self, client: ec2.SecurityGroup) -> None:
        """Let members of a security group connect."""
        self.cluster.connections.allow_from(client, PORT)
        if self.proxy is not None:
            self.proxy.connections.allow_from(client, PORT)


def _instance(name: str, kind: str | None) -> rds.IClusterInstance:
    if kind is None:
        return rds.ClusterInstance.serverless_v2(name, scale_with_writer=True)
    kind = kind.removeprefix("db.")  # as RDS names it; the CDK writes that itself
    return rds.ClusterInstance.provisioned(name, instance_type=ec2.InstanceType(kind))
