"""Secrets Manager of the simulated region: moto's, with a secret that RDS manages in earnest."""

import json
from typing import Any

from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

from pytest_rdsfailover.local.aws_api.passwords import Passwords


class LocalSecrets(SecretsManagerBackend):  # type: ignore[misc]
    """Secrets; the one of the local cluster opens it, also after it was rotated."""

    __module__ = "moto.secretsmanager.models"  # moto looks for the URLs beside its backend

    passwords: Passwords

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._managed: tuple[str, str] | None = None

    def manage(self, arn: str, user: str) -> None:
        """Keep the credentials of the local cluster in a secret, which only rotation changes."""
        self._managed = None
        self._put(arn, user)
        self._managed = arn, user

    def rotate_secret(self, secret_id: str, *arguments: Any, **options: Any) -> str:
        """Rotate a secret; that of the local cluster in the server, too, before it is answered.

        Raises:
            ServerError: if the server refuses the new password.
            GatewayError: if the password cannot be changed.
        """
        if self._managed is None or not self._is_managed(secret_id):
            answer: str = super().rotate_secret(secret_id, *arguments, **options)
            return answer
        if options.get("rotation_lambda_arn"):
            raise InvalidRequestException("A secret that RDS manages is rotated by RDS.")
        if options.get("rotate_immediately", True):
            self.passwords.rotate()
            self._put(*self._managed)
        rotated: str = self.secrets[secret_id].to_short_dict()
        return rotated

    def put_secret_value(self, secret_id: str, *arguments: Any, **options: Any) -> str:
        """Change a secret.

        Raises:
            InvalidRequestException: for that of the local cluster.
        """
        self._refuse(secret_id)
        answer: str = super().put_secret_value(secret_id, *arguments, **options)
        return answer

    def update_secret(self, secret_id: str, *arguments: Any, **options: Any) -> str:
        """Change a secret.

        Raises:
            InvalidRequestException: for that of the local cluster.
        """
        self._refuse(secret_id)
        answer: str = super().update_secret(secret_id, *arguments, **options)
        return answer

    def delete_secret(self, secret_id: str, *arguments: Any, **options: Any) -> Any:
        """Delete a secret.

        Raises:
            InvalidRequestException: for that of the local cluster.
        """
        self._refuse(secret_id)
        return super().delete_secret(secret_id, *arguments, **options)

    def update_secret_version_stage(
        self, secret_id: str, *arguments: Any, **options: Any
    ) -> tuple[str, str]:
        """Move a staging label of a secret from one version to another.

        Raises:
            InvalidRequestException: for that of the local cluster.
        """
        self._refuse(secret_id)
        answer: tuple[str, str] = super().update_secret_version_stage(
            secret_id, *arguments, **options
        )
        return answer

    def _put(self, arn: str, user: str) -> None:
        credentials = json.dumps({"username": user, "password": self.passwords.present})
        super().put_secret_value(arn, credentials, None, None, ["AWSCURRENT"])

    def _is_managed(self, secret_id: str) -> bool:
        secret = self.secrets.get(secret_id)
        return self._managed is not None and secret is not None and secret.arn == self._managed[0]

    def _refuse(self, secret_id: str) -> None:
        if self._is_managed(secret_id):
            raise InvalidRequestException(
                "You can't change or delete a secret that another service manages (rds); rotate it."
            )
