"""A real RDS Proxy, under the names of a local one; it tells nothing of what happens inside."""

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
        """Leave the proxy as it is; only a local proxy can be set up by a test.

        Raises:
            NotHereError: if the test sets up its proxy by the marker `rds_proxy`.
        """
        if options:
            raise NotHereError(
                "the marker rds_proxy sets up a local proxy; tests leave a real RDS Proxy as it is"
            )
