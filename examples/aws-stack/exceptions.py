"""The rules of cdk-nag that this stack breaks, each with the reason why it may."""

import aws_cdk as cdk

RULES = {
    "RDS10": "The cluster is for tests and goes with the stack.",
    "RDS11": "Applications under test use the port of production, which is the default one.",
    "RDS14": "The load makes its own table and drops it: there is nothing to go back to.",
    "SMG4": "A secret that rotates in the middle of a trial would spoil it; rotate between nights.",
    "S1": "Only the nightly run writes to the bucket, and CloudTrail tells who reads.",
    "CB4": "Reports hold no secret; AWS's own key encrypts them.",
    "EC23": "The rule cannot read the VPC's range, which is a reference; nobody outside of it is let in.",
}
ANYTHING = "Describe* of RDS, CloudWatch and EC2 know no single resource."
SUITE = "CDK's grant to read the packed suite, from the bucket of its assets only."
REPORTS = "CDK's grant to write reports, into their bucket only."
RESULTS = "Objects of the load functions' results, which have names of their own."
PARTS = "All that belongs to one thing: its log's streams, its versions, its network interfaces."
BUILD = "arn:<AWS::Partition>:{}:<AWS::Region>:<AWS::AccountId>:{}"
WILDCARDS = {
    "Resource::*": ANYTHING,
    "Action::s3:GetObject*": SUITE,
    "Action::s3:GetBucket*": SUITE,
    "Action::s3:List*": SUITE,
    "Action::s3:DeleteObject*": REPORTS,
    "Action::s3:Abort*": REPORTS,
    "Resource::<NightlyReports716D0A24.Arn>/*": REPORTS,
    "Resource::<NightlyReports716D0A24.Arn>/rdsfailover/*": RESULTS,
    "Resource::<LoadFunctionE08EF68C.Arn>:*": PARTS,
    "Resource::" + BUILD.format("ec2", "network-interface/*"): PARTS,
    "Resource::"
    + BUILD.format("logs", "log-group:/aws/codebuild/<NightlyProjectC69006EB>:*"): PARTS,
    "Resource::" + BUILD.format("codebuild", "report-group/<NightlyProjectC69006EB>-*"): PARTS,
}


def accept(stack: cdk.Stack) -> None:
    """Have cdk-nag take these for known, and everything else for a mistake."""
    rules = dict(RULES)
    rules |= {f"IAM5[{finding}]": reason for finding, reason in WILDCARDS.items()}
    for rule, reason in rules.items():
        known = cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason)
        cdk.Validations.of(stack).acknowledge(known)
