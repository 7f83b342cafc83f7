"""Two zones without a way to the internet; AWS's own services are reached by endpoints."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

SERVICES = {
    "Rds": ec2.InterfaceVpcEndpointAwsService.RDS,
    "Secrets": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    "Sts": ec2.InterfaceVpcEndpointAwsService.STS,
    "Alarms": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "Lambda": ec2.InterfaceVpcEndpointAwsService.LAMBDA_,
}


class Network(Construct):
    """The VPC.

    Attributes:
        vpc: the network.
        subnets: where everything stands.
    """

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        self.subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24
                )
            ],
        )
        self.vpc.add_flow_log("Flows")
        self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        for service, endpoint in SERVICES.items():
            self.vpc.add_interface_endpoint(service, service=endpoint, subnets=self.subnets)

    def group(self, scope: Construct, what: str) -> ec2.SecurityGroup:
        """Return a security group that lets nobody in and its members out to anybody in the VPC."""
        group = ec2.SecurityGroup(
            scope, "Group", vpc=self.vpc, description=what, allow_all_outbound=False
        )
        for port in (443, 3306):
            group.add_egress_rule(
                ec2.Peer.ipv4(self.vpc.vpc_cidr_block), ec2.Port.tcp(port), "within the VPC"
            )
        # S3's gateway endpoint has the service's own addresses.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3 by its gateway endpoint")
        return group
