"""A bucket of S3 as the place where somebody without rights of its own leaves bytes to be fetched."""

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_rdsfailover.aws.client import AwsError, explained, unlogged

PROBE = "probe"
MOST_REMOVED = 1000  # of one request


class Bucket:
    """Objects below one prefix of a bucket.

    Args:
        client: boto3's, of S3.
        name: the bucket's.
        prefix: what all keys begin with.
    """

    def __init__(self, client: Any, name: str, prefix: str) -> None:
        self._client, self.name, self._prefix = client, name, prefix

    def check(self) -> None:
        """Store an object, and remove it.

        Raises:
            AwsError: if there is no such bucket, or that is not allowed.
        """
        with explained(f"storing an object in the bucket {self.name}"), unlogged():
            self._client.put_object(Bucket=self.name, Key=self._key(PROBE), Body=b"")
        problem = self.remove([PROBE])
        if problem:
            raise AwsError(
                f"removing an object from the bucket {self.name}", "AccessDenied", problem
            )

    def url(self, name: str, seconds: float) -> str:
        """Return where anybody may put one object for so long; the URL is a secret."""
        place = {"Bucket": self.name, "Key": self._key(name)}
        with explained("signing a URL"), unlogged():
            signed: str = self._client.generate_presigned_url(
                "put_object", Params=place, ExpiresIn=round(seconds)
            )
        return signed

    def read(self, name: str, most: int) -> bytes:
        """Return an object.

        Raises:
            AwsError: if there is none, or nobody may read it.
            ValueError: if it has more than *most* bytes.
        """
        with explained(f"reading from the bucket {self.name}"), unlogged():
            answer = self._client.get_object(Bucket=self.name, Key=self._key(name))
            data: bytes = answer["Body"].read(most + 1)
        if len(data) > most:
            raise ValueError(f"it is too large: more than {most} bytes")
        return data

    def remove(self, names: Sequence[str]) -> str:
        """Remove objects, whether they are there or not; return what was wrong, or nothing."""
        try:
            with explained(f"removing from the bucket {self.name}"), unlogged():
                return next(self._refusals([self._key(name) for name in names]), "")
        except AwsError as error:
            return str(error)

    def _refusals(self, keys: Sequence[str]) -> Iterator[str]:
        for first in range(0, len(keys), MOST_REMOVED):
            some = [{"Key": key} for key in keys[first : first + MOST_REMOVED]]
            answer = self._client.delete_objects(
                Bucket=self.name, Delete={"Objects": some, "Quiet": True}
            )
            for error in answer.get("Errors", ()):
                yield f"removing from the bucket {self.name} failed: {error['Code']}"

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"
