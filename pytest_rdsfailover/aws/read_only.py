"""Which operations of the AWS API change nothing: some by their names, others by their verbs."""

import re

# No operation of any service that begins with one of these words changes anything. A test holds
# that against every name in the installed botocore. `Get` is no such word: `GetId` of Cognito makes
# an identity, `GetClusterCredentials` of Redshift a database user.
VERBS = re.compile(r"(?:Describe|List)[A-Z0-9]\w*")
OPERATIONS = frozenset({
    "cloudtrail:LookupEvents",
    "cloudwatch:GetDashboard", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics",
    "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan",
    "fis:GetAction", "fis:GetExperiment", "fis:GetExperimentTemplate",
    "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetQueryResults",
    "pi:GetDimensionKeyDetails", "pi:GetResourceMetrics",
    "rds:DownloadDBLogFilePortion",
    "resourcegroupstaggingapi:GetResources",
    "s3:GetObject", "s3:HeadBucket", "s3:HeadObject",
    "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue",
    "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
    "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath",
    "sts:GetCallerIdentity",
})  # fmt: skip


def is_read_only(action: str) -> bool:
    """Tell whether an operation, such as `rds:DescribeDBClusters`, changes nothing.

    Args:
        action: botocore's name of the service, a colon, and the operation.
    """
    return action in OPERATIONS or VERBS.fullmatch(action.partition(":")[2]) is not None
