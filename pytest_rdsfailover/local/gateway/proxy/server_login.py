"""What a database connection of the proxy must have, and how it logs in."""

from dataclasses import dataclass, field

from pytest_rdsfailover.local.gateway.tls import encrypt_for
from pytest_rdsfailover.mysql.auth import ClientIdentity, ClientLogin
from pytest_rdsfailover.mysql.handshake import Capability

# What a client's connection has in common with the database connections that can serve it.
MATCHED = (
    Capability.FOUND_ROWS | Capability.LOCAL_FILES | Capability.IGNORE_SPACE
    | Capability.MULTI_STATEMENTS | Capability.MULTI_RESULTS | Capability.PS_MULTI_RESULTS
    | Capability.SESSION_TRACK | Capability.DEPRECATE_EOF
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """What a database connection must have to serve a client.

    Attributes:
        user: whom it is logged in as.
        capabilities: what both sides of it can do, of `MATCHED`.
    """

    user: str
    capabilities: Capability


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is done with each new database connection.

    Attributes:
        password: the user's; never in a repr.
        init: statements to run first.
        names: variables whose values make up the state.
        secure: the way to the server cannot be listened to, so it takes a password as it is.
    """

    password: bytes = field(repr=False)
    init: tuple[bytes, ...] = ()
    names: tuple[bytes, ...] = ()
    secure: bool = False


def login(key: ConnectionKey, setup: Setup) -> ClientLogin:
    """Return the login of a new database connection, which is about to begin."""
    return ClientLogin(
        ClientIdentity(
            user=key.user.encode(),
            password=setup.password,
            capabilities=key.capabilities,
            secure=setup.secure,
            seal=encrypt_for,
        )
    )
