"""What a real RDS Proxy does not tell, under the names that a local one has."""

from collections.abc import Mapping
from typing import Any

from pytest_rdsfailover.model.errors import NotHereError


class LiveProxy:
    """The proxy of a real cluster, as far as tests may ask it."""

    @property
    def pins(self) -> list[Any]:
        """Return nothing: AWS counts pinned sessions by the minute and names none."""
        return []

    def stats(self, endpoint: str = "proxy") -> Any:
        """Raise NotHereError, so that the test is skipped: a real proxy shows no such figures."""
        raise NotHereError(f"a real RDS Proxy does not tell what happens inside ({endpoint})")

    def begin(self, options: Mapping[str, Any]) -> None:
        """Leave the proxy as it is; what a test sets up for itself is a local proxy's.

        Raises:
            NotHereError: if the test needs a proxy that is set up in its own way.
        """
        if options:
            raise NotHereError("a real RDS Proxy is not set up by tests: the marker rds_proxy")
