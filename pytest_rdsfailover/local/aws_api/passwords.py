"""The password of the cluster's account: changed in the server, and set back for the next test."""

from pytest_rdsfailover.local.aws_api.shown import Shown
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.server import accounts
from pytest_rdsfailover.local.server.accounts import Account


class Passwords:
    """Rotates the password of the account that the cluster's secret holds.

    Which one works now is what the gateway's proxy has been told: there is no second memory of it.

    Args:
        gateway: tells the proxy; a connection that nobody else uses.
        shown: the cluster with its first password.
    """

    def __init__(self, gateway: GatewayClient, shown: Shown) -> None:
        self._gateway, self._shown = gateway, shown

    @property
    def present(self) -> str:
        """Return the password that works now.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return Secret.parse(self._gateway.secrets()[self._shown.user]).password

    def rotate(self) -> None:
        """Let another password open the account from now on, and the present one no more.

        Raises:
            ServerError: if the server refuses it.
            GatewayError: if the proxy cannot be told.
        """
        self._set(accounts.new_account().password)

    def undo(self) -> None:
        """Let the first password open the account again, if another does.

        Raises:
            ServerError: if the server refuses it.
            GatewayError: if the proxy cannot be told.
        """
        if self.present != self._shown.password:
            self._set(self._shown.password)

    def _set(self, password: str) -> None:
        user, database = self._shown.user, self._shown.database
        account = Account(user=user, password=self.present, database=database)
        accounts.change_password(self._shown.server, account, password)
        secret = Secret(username=user, password=password, dbname=database)
        self._gateway.add_secret(secret.text())
