"""The accounts and their sessions: read at every request, so that a change holds at once."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.accounts import passwords
from assistant.accounts.identity import Identity, Role
from assistant.errors import AccountError
from assistant.records import Place, Records, Taken, open_store

FILE = "accounts.sqlite"
# The same whatever the case of its letters.
NAMED = "lower(name) = lower(?)"
NAME = re.compile(r"[\w.@+-]{1,64}")
SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, role TEXT NOT NULL, password TEXT,
    subject TEXT UNIQUE, created TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    key TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE, begun REAL NOT NULL,
    seen REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_account ON sessions (account);
"""
SHARED_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, password TEXT, subject TEXT UNIQUE,
    created TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS accounts_by_name ON accounts (lower(name));
CREATE TABLE IF NOT EXISTS sessions (
    key TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    begun DOUBLE PRECISION NOT NULL, seen DOUBLE PRECISION NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_by_account ON sessions (account);
"""
# Who a request comes from is asked before anything else, so that one may not wait long for a database that is away.
PATIENCE = 2.0
# A session's last use is written down this often: seconds.
BETWEEN_MARKS = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """One account.

    Attributes:
        id: Never used again.
        name: Unique whatever the case of its letters.
        role: What it may do.
        created: UTC time in ISO 8601.
        local: Whether it has a password here; the others come from a proxy or an OpenID provider.
        seen: Seconds since the epoch of its last request in a session that still lasts; None where there is none.
    """

    id: str
    name: str
    role: Role
    created: str
    local: bool
    seen: float | None = None

    @property
    def identity(self) -> Identity:
        """Who it is to the server."""
        return Identity(self.id, self.name, self.role)


class Accounts:
    """The accounts of a home folder, or of the servers that share a database.

    Args:
        place: The folder, in which the file is made where there is none, or the database.
        idle: Seconds after which an unused session ends.
        longest: Seconds after which every session ends.
        clock: Tells the time, in seconds since the epoch.

    Raises:
        SettingsError: It cannot be opened.
    """

    def __init__(
        self, place: Place, idle: float = 12 * 3600, longest: float = 7 * 86400, clock: Callable[[], float] = time.time
    ) -> None:
        self._idle, self._longest, self._clock = idle, longest, clock
        self._db = open_store(place, FILE, SCHEMA, SHARED_SCHEMA, PATIENCE)

    def close(self) -> None:
        """Closes them."""
        self._db.close()

    def add(self, name: str, password: str, role: Role = "user") -> Account:
        """Adds an account.

        Raises:
            AccountError: The name is taken or cannot be one, or the password cannot be used.
        """
        if not NAME.fullmatch(name):
            raise AccountError(f"{name!r} cannot be a name: it takes 1 to 64 letters, digits and . _ - @ +.")
        _check(name, password)
        return self._insert(name, role, passwords.hashed(password), None)

    def known(self, subject: str, name: str, role: Role) -> Account:
        """Returns the account of somebody whom a proxy or an OpenID provider vouches for, made at the first visit.

        Args:
            subject: Names the person at that place for good.
            name: As people know it; a number is added where it is taken.
            role: Of a new account.
        """
        rows = self._rows("subject = ?", (subject,))
        if rows:
            return rows[0]
        plain = re.sub(r"[^\w.@+-]", "_", name)[:60] or "somebody"
        for number in range(1, 1000):
            try:
                return self._insert(plain if number == 1 else f"{plain}-{number}", role, None, subject)
            except AccountError:
                if rows := self._rows("subject = ?", (subject,)):
                    return rows[0]
        raise AccountError(f"Too many accounts are called {plain}.")

    def all(self) -> list[Account]:
        """Returns every account by name."""
        return self._rows("1 = 1", ())

    def find(self, name: str) -> Account:
        """Returns an account by its name.

        Raises:
            AccountError: There is none.
        """
        if rows := self._rows(NAMED, (name,)):
            return rows[0]
        raise AccountError(f"There is no account {name!r}; `assistant users list` shows them.")

    def remove(self, name: str) -> Account:
        """Removes an account and ends its sessions; its conversations stay, and nobody can read them any more.

        Raises:
            AccountError: There is none, or it is the last admin.
        """
        account = self.find(name)
        with self._db.change("accounts") as change:
            _keep_an_admin(change, account)
            change.run("DELETE FROM accounts WHERE id = ?", account.id)
        return account

    def change_password(self, name: str, password: str) -> None:
        """Sets a password and ends the account's sessions.

        Raises:
            AccountError: There is none, or the password cannot be used.
        """
        account = self.find(name)
        _check(account.name, password)
        kept = passwords.hashed(password)
        with self._db.change("accounts") as change:
            change.run("UPDATE accounts SET password = ? WHERE id = ?", kept, account.id)
            change.run("DELETE FROM sessions WHERE account = ?", account.id)

    def change_role(self, name: str, role: Role) -> None:
        """Sets what an account may do, from its next request on.

        Raises:
            AccountError: There is none, or it is the last admin.
        """
        account = self.find(name)
        with self._db.change("accounts") as change:
            if role != "admin":
                _keep_an_admin(change, account)
            change.run("UPDATE accounts SET role = ? WHERE id = ?", role, account.id)

    def verify(self, name: str, password: str) -> Account | None:
        """Returns the account if the password is its own; takes about 50 ms whether there is one or not."""
        rows = self._db.rows(f"SELECT name, password FROM accounts WHERE {NAMED}", name)  # noqa: S608 — ours
        return self.find(rows[0][0]) if passwords.fits(password, rows[0][1] if rows else None) else None

    def begin(self, account: Account) -> str:
        """Begins a session.

        Returns:
            The secret that proves it. Only its hash is kept.
        """
        secret, now = secrets.token_urlsafe(32), self._clock()
        self._db.run("DELETE FROM sessions WHERE seen < ? OR begun < ?", now - self._idle, now - self._longest)
        self._db.run("INSERT INTO sessions VALUES (?, ?, ?, ?)", _key(secret), account.id, now, now)
        return secret

    def of(self, secret: str) -> Identity | None:
        """Returns whose session a secret proves; None where it has ended."""
        now, key = self._clock(), _key(secret)
        select = (
            "SELECT a.id, a.name, a.role, s.begun, s.seen FROM sessions s JOIN accounts a ON a.id = s.account "
            "WHERE s.key = ?"
        )
        row = next(iter(self._db.rows(select, key)), None)
        if row is None or row[4] < now - self._idle or row[3] < now - self._longest:
            return None
        if now - row[4] > BETWEEN_MARKS:
            self._db.run("UPDATE sessions SET seen = ? WHERE key = ?", now, key)
        return Identity(row[0], row[1], row[2])

    def end(self, secret: str) -> None:
        """Ends a session."""
        self._db.run("DELETE FROM sessions WHERE key = ?", _key(secret))

    def _insert(self, name: str, role: Role, password: str | None, subject: str | None) -> Account:
        account = Account(uuid.uuid4().hex, name, role, datetime.now(UTC).isoformat(timespec="seconds"), bool(password))
        row = (account.id, name, role, password, subject, account.created)
        try:
            self._db.run("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)", *row)
        except Taken:
            raise AccountError(f"There is an account {name!r} already.") from None
        return account

    def _rows(self, where: str, values: tuple[str, ...]) -> list[Account]:
        columns = "id, name, role, created, password IS NOT NULL"
        seen = "SELECT max(seen) FROM sessions WHERE account = accounts.id"
        select = f"SELECT {columns}, ({seen}) FROM accounts WHERE {where} ORDER BY lower(name)"  # noqa: S608 — all ours
        rows = self._db.rows(select, *values)
        return [Account(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows]


def _keep_an_admin(change: Records, account: Account) -> None:
    others = "SELECT count(*) FROM accounts WHERE role = 'admin' AND id != ?"
    if account.role == "admin" and not change.rows(others, account.id)[0][0]:
        raise AccountError(f"{account.name} is the only admin; make somebody else one first.")


def present(place: Place) -> bool:
    """Whether a home folder or database has accounts."""
    if isinstance(place, Path) and not (place / FILE).is_file():
        return False
    accounts = Accounts(place)
    try:
        return bool(accounts.all())
    finally:
        accounts.close()


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(name: str, password: str) -> None:
    if password.casefold() == name.casefold():
        raise AccountError("The password must not be the name.")
