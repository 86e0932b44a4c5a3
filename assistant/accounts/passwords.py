"""Passwords, hashed with argon2id at the parameters that RFC 9106 recommends where memory is scarce."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assistant.errors import AccountError

SHORTEST, LONGEST = 8, 1000
_HASHER = PasswordHasher()
# Verified for names that do not exist, so that the time taken does not tell which do.
_NOBODYS = _HASHER.hash("nobody's")


def hashed(password: str) -> str:
    """Returns what is kept of a password; takes about 50 ms and 64 MiB.

    Raises:
        AccountError: It is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountError(f"A password takes {SHORTEST} to {LONGEST:,} characters; this one has {len(password):,}.")
    return _HASHER.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was hashed; takes as long where there is none.

    Args:
        password: What was typed.
        kept: The hash; None where the name does not exist or has no password.
    """
    if len(password) > LONGEST:
        return False
    try:
        return _HASHER.verify(kept or _NOBODYS, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
