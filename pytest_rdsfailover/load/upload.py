"""Puts bytes where a presigned URL leads: over the standard library, with no right of its own."""

import http.client
from urllib.parse import urlsplit

from pytest_rdsfailover.load.engine import LoadError

WITHIN = 10.0  # seconds


def put(url: str, data: bytes, within: float = WITHIN) -> None:
    """Put bytes; the URL is a secret, which no error tells.

    Raises:
        LoadError: if they are not stored.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=within)
    try:
        connection.request("PUT", f"{parts.path}?{parts.query}", data)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise LoadError(
            _failed(data, f"the bucket was not reached: {type(error).__name__}")
        ) from None
    finally:
        connection.close()
    if status != http.client.OK:
        raise LoadError(_failed(data, f"S3 answered with status {status}"))


def _failed(data: bytes, why: str) -> str:
    return f"a report of {len(data) / 1e6:.1f} MB could not be put into the bucket: {why}"
