"""The experiment's stack: Aurora MySQL with RDS Proxy, a load function, and a nightly run beside them."""

import os

import aws_cdk as cdk
from stack import FailoverStack, Settings


def made() -> cdk.App:
    """Return the application, with what `cdk deploy -c NAME=VALUE` says."""
    app = cdk.App()
    account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
    FailoverStack(
        app,
        "rdsfailover",
        Settings.of(app.node),
        env=cdk.Environment(account=account, region=region),
    )
    return app


if __name__ == "__main__":
    made().synth()
