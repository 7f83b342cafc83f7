"""How MySQL proves a password without sending it, seen from both sides."""

import hashlib
import hmac

NATIVE = b"mysql_native_password"
CACHING = b"caching_sha2_password"
CLEAR = b"mysql_clear_password"

MORE, SWITCH = 0x01, 0xFE  # first bytes of what a server sends during a login
FAST_OK, FULL = b"\x01\x03", b"\x01\x04"
ASK_KEY = b"\x02"  # a client without TLS wants the server's public key
SCRAMBLE = 20  # bytes


def native_proof(password: bytes, scramble: bytes) -> bytes:
    """Return what a client answers to a scramble under mysql_native_password."""
    if not password:
        return b""
    first = hashlib.sha1(password).digest()  # noqa: S324 - MySQL's protocol
    second = hashlib.sha1(first).digest()  # noqa: S324
    return _xor(hashlib.sha1(scramble + second).digest(), first)  # noqa: S324


def caching_proof(password: bytes, scramble: bytes) -> bytes:
    """Return what a client answers to a scramble under caching_sha2_password."""
    if not password:
        return b""
    first = hashlib.sha256(password).digest()
    second = hashlib.sha256(first).digest()
    return _xor(first, hashlib.sha256(second + scramble).digest())


def hide(password: bytes, scramble: bytes) -> bytes:
    """Return a password as it is encrypted for a server without TLS, or back from that."""
    return bytes(one ^ scramble[n % len(scramble)] for n, one in enumerate(password))


def same(one: bytes, other: bytes) -> bool:
    """Tell whether two proofs are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
