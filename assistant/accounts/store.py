"""The accounts and their sessions: one SQLite file, read at every request, so that a change holds at once."""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.accounts import passwords
from assistant.accounts.identity import Identity, Role
from assistant.errors import AccountError
from assistant.private_file import open_private

FILE = "accounts.sqlite"
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
    """The accounts of a home folder.

    Args:
        home: The folder; the file in it is made where there is none.
        idle: Seconds after which an unused session ends.
        longest: Seconds after which every session ends.
        clock: Tells the time, in seconds since the epoch.

    Raises:
        SettingsError: The file cannot be opened.
    """

    def __init__(
        self, home: Path, idle: float = 12 * 3600, longest: float = 7 * 86400, clock: Callable[[], float] = time.time
    ) -> None:
        self._idle, self._longest, self._clock = idle, longest, clock
        self._lock = threading.Lock()
        self._db = open_private(home / FILE, SCHEMA)

    def close(self) -> None:
        """Closes the file."""
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
        return self._rows("1", ())

    def find(self, name: str) -> Account:
        """Returns an account by its name.

        Raises:
            AccountError: There is none.
        """
        if rows := self._rows("name = ?", (name,)):
            return rows[0]
        raise AccountError(f"There is no account {name!r}; `assistant users list` shows them.")

    def remove(self, name: str) -> Account:
        """Removes an account and ends its sessions; its conversations stay, and nobody can read them any more.

        Raises:
            AccountError: There is none, or it is the last admin.
        """
        account = self.find(name)
        with self._change():
            self._keep_an_admin(account)
            self._db.execute("DELETE FROM accounts WHERE id = ?", (account.id,))
        return account

    def change_password(self, name: str, password: str) -> None:
        """Sets a password and ends the account's sessions.

        Raises:
            AccountError: There is none, or the password cannot be used.
        """
        account = self.find(name)
        _check(account.name, password)
        kept = passwords.hashed(password)
        with self._change():
            self._db.execute("UPDATE accounts SET password = ? WHERE id = ?", (kept, account.id))
            self._db.execute("DELETE FROM sessions WHERE account = ?", (account.id,))

    def change_role(self, name: str, role: Role) -> None:
        """Sets what an account may do, from its next request on.

        Raises:
            AccountError: There is none, or it is the last admin.
        """
        account = self.find(name)
        with self._change():
            if role != "admin":
                self._keep_an_admin(account)
            self._db.execute("UPDATE accounts SET role = ? WHERE id = ?", (role, account.id))

    def verify(self, name: str, password: str) -> Account | None:
        """Returns the account if the password is its own; takes about 50 ms whether there is one or not."""
        with self._lock:
            row = self._db.execute("SELECT name, password FROM accounts WHERE name = ?", (name,)).fetchone()
        return self.find(row[0]) if passwords.fits(password, row[1] if row else None) else None

    def begin(self, account: Account) -> str:
        """Begins a session.

        Returns:
            The secret that proves it. Only its hash is kept.
        """
        secret, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._db.execute(
                "DELETE FROM sessions WHERE seen < ? OR begun < ?", (now - self._idle, now - self._longest)
            )
            self._db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (_key(secret), account.id, now, now))
        return secret

    def of(self, secret: str) -> Identity | None:
        """Returns whose session a secret proves; None where it has ended."""
        now, key = self._clock(), _key(secret)
        select = (
            "SELECT a.id, a.name, a.role, s.begun, s.seen FROM sessions s JOIN accounts a ON a.id = s.account "
            "WHERE s.key = ?"
        )
        with self._lock:
            row = self._db.execute(select, (key,)).fetchone()
            if row is None or row[4] < now - self._idle or row[3] < now - self._longest:
                return None
            if now - row[4] > BETWEEN_MARKS:
                self._db.execute("UPDATE sessions SET seen = ? WHERE key = ?", (now, key))
        return Identity(row[0], row[1], row[2])

    def end(self, secret: str) -> None:
        """Ends a session."""
        with self._lock:
            self._db.execute("DELETE FROM sessions WHERE key = ?", (_key(secret),))

    @contextmanager
    def _change(self) -> Iterator[None]:
        """One transaction: what is read in it holds until it is written."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def _insert(self, name: str, role: Role, password: str | None, subject: str | None) -> Account:
        account = Account(uuid.uuid4().hex, name, role, datetime.now(UTC).isoformat(timespec="seconds"), bool(password))
        row = (account.id, name, role, password, subject, account.created)
        try:
            with self._lock:
                self._db.execute("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise AccountError(f"There is an account {name!r} already.") from None
        return account

    def _rows(self, where: str, values: tuple[str, ...]) -> list[Account]:
        columns = "id, name, role, created, password IS NOT NULL"
        seen = "SELECT max(seen) FROM sessions WHERE account = accounts.id"
        select = f"SELECT {columns}, ({seen}) FROM accounts WHERE {where} ORDER BY name"  # noqa: S608 — all ours
        with self._lock:
            rows = self._db.execute(select, values).fetchall()
        return [Account(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows]

    def _keep_an_admin(self, account: Account) -> None:
        others = "SELECT count(*) FROM accounts WHERE role = 'admin' AND id != ?"
        if account.role == "admin" and not self._db.execute(others, (account.id,)).fetchone()[0]:
            raise AccountError(f"{account.name} is the only admin; make somebody else one first.")


def present(home: Path) -> bool:
    """Whether a home folder has accounts."""
    if not (home / FILE).is_file():
        return False
    accounts = Accounts(home)
    try:
        return bool(accounts.all())
    finally:
        accounts.close()


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(name: str, password: str) -> None:
    if password.casefold() == name.casefold():
        raise AccountError("The password must not be the name.")
