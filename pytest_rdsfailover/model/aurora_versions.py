"""The versions of Aurora MySQL that a local cluster can be like."""

from dataclasses import dataclass

from pytest_rdsfailover.model.errors import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class AuroraVersion:
    """What clients are told of a version of Aurora MySQL, and what it wants of them.

    Attributes:
        name: what users call it.
        number: what `@@aurora_version` says.
        mysql: the major version of MySQL that it is compatible with.
        server: what `@@version` says; None for what the real server says.
        tls_required: clients without TLS are refused.
    """

    name: str
    number: str
    mysql: str
    server: str | None = None
    tls_required: bool = False

    @property
    def engine(self) -> str:
        """Return the engine version in the AWS API."""
        return f"{self.mysql}.mysql_aurora.{self.number}"

    @property
    def family(self) -> str:
        """Return the family of its parameter groups."""
        return f"aurora-mysql{self.mysql}"


USUAL_AURORA = AuroraVersion(name="3.10", number="3.10.0", mysql="8.0")
AURORA_VERSIONS = {
    version.name: version
    for version in (
        USUAL_AURORA,
        AuroraVersion(
            name="8.4", number="8.4.8", mysql="8.4", server="8.4.8", tls_required=True
        ),
    )
}  # fmt: skip


def aurora_version(name: str) -> AuroraVersion:
    """Return a version by its name.

    Raises:
        SettingError: if a local cluster cannot be like it.
    """
    if name not in AURORA_VERSIONS:
        known = ", ".join(AURORA_VERSIONS)
        raise SettingError(f"there is no Aurora {name!r} here: choose one of {known}")
    return AURORA_VERSIONS[name]
