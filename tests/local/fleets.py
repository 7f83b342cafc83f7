"""Functions that do what the load function does, and something wrong beside it."""

import io
import uuid
import zipfile

from pytest_rdsfailover.load import package

ROLE = "arn:aws:iam::123456789012:role/load"
# What a function of a number does instead; `FUNCTION` is that number.
SOURCE = """
import base64, json, os, time, zlib
from rdsfailover_load import handler as honest
{before}
def handler(event, context):
    number = event.get("function")
    {instead}
    answer = honest(event, context)
    {after}
    return answer
"""


def spoiled(*, before="", instead="pass", after="pass"):
    """Return the package with a handler of its own, `spoiled.handler`, around the load function."""
    buffer = io.BytesIO(package.packed())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("spoiled.py", SOURCE.format(before=before, instead=instead, after=after))
    return buffer.getvalue()


def made(api, code=None, *, timeout=60):
    """Make the load function; return its name, which no other has on this machine."""
    name = f"load-{uuid.uuid4().hex[:12]}"
    api.create_function(
        FunctionName=name, Runtime="python3.11", Timeout=timeout, Role=ROLE,
        Handler=package.HANDLER if code is None else "spoiled.handler",
        Code={"ZipFile": package.packed() if code is None else code},
    )  # fmt: skip
    return name


class BucketOf:
    """A new bucket of a client of S3."""

    def __init__(self, client):
        self.client, self.name = client, f"results-{uuid.uuid4().hex[:12]}"
        client.create_bucket(
            Bucket=self.name,
            CreateBucketConfiguration={"LocationConstraint": client.meta.region_name},
        )

    def names(self):
        """Return the names of all objects in it."""
        found = self.client.list_objects_v2(Bucket=self.name)
        return [item["Key"] for item in found.get("Contents", ())]
