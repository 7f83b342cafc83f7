"""A real RDS Proxy, under the names of a local one; it tells nothing of what happens inside."""

from collections.abc import Mapping
from typing import Any, NoReturn

from pytest_rdsfailover.model.errors import NotHereError


class LiveProxy:
    """The proxy of a real cluster, as far as tests may ask it.

    What raises NotHereError is what only a local proxy can tell or do; the test is skipped.
    """

    @property
    def pins(self) -> list[Any]:
        """Return nothing: AWS counts pinned sessions by the minute and names none."""
        return []

    def stats(self, endpoint: str = "proxy") -> NoReturn:
        """Raise NotHereError: a real proxy shows no such figures."""
        raise NotHereError(f"a real RDS Proxy does not tell what happens inside ({endpoint})")

    @property
    def settings(self) -> NoReturn:
        """Raise NotHereError: they are the business of whoever runs the real proxy."""
        raise NotHereError("the settings of a real RDS Proxy are not read")

    def modify(self, **changes: Any) -> NoReturn:
        """Raise NotHereError: nothing is changed."""
        raise NotHereError(f"a real RDS Proxy is not set up by tests: {', '.join(changes)}")

    @property
    def secrets(self) -> NoReturn:
        """Raise NotHereError: no secret of a real proxy is handed out."""
        raise NotHereError("the secrets of a real RDS Proxy are not handed out")

    def add_secret(self, text: str) -> NoReturn:  # noqa: ARG002 - never to be seen
        """Raise NotHereError: nothing is changed."""
        raise NotHereError("a real RDS Proxy is not set up by tests: add_secret")

    def begin(self, options: Mapping[str, object]) -> None:
        """Leave the proxy as it is; only a local proxy can be set up by a test.

        Raises:
            NotHereError: if the test sets up its proxy by the marker `rds_proxy`.
        """
        if options:
            raise NotHereError(
                "the marker rds_proxy sets up a local proxy; tests leave a real RDS Proxy as it is"
            )
