"""moto's memory, shared by all workers of pytest-xdist: kept by the controller, started by who needs it."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_rdsfailover.local.aws_api.sharing import SharedMoto

TOLD = "rds_moto"  # among what a controller tells its workers


class MotoKeeper:
    """Tells each worker where to ask for an AWS API."""

    def __init__(self) -> None:
        self._moto: SharedMoto | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker; nothing is started yet."""
        from pytest_rdsfailover.local.aws_api.sharing import CAN_SHARE, SharedMoto

        if not CAN_SHARE:
            return
        if self._moto is None:
            self._moto = SharedMoto()
        node.workerinput[TOLD] = self._moto.address

    def pytest_unconfigure(self) -> None:
        """End what workers have had started; they have ended before."""
        if self._moto is not None:
            self._moto.close()
