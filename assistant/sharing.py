"""Links by which a conversation can be read and nothing else: made and withdrawn by its owner."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from assistant.database.base import Change, Database
from assistant.errors import UnknownConversation

SHARED = "/shared/"
"""Below here the page shows what links open."""

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Share:
    """The link of a conversation, as its owner sees it.

    Attributes:
        made: When, in seconds since the epoch.
        expires: When it ends by itself, likewise; None never.
    """

    made: float
    expires: float | None


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows.

    Attributes:
        conversation: The conversation's id.
        owner: Whose it is.
        title: Its title.
        path: Rows of the turns that there were when the link was made, on the way to the leaf; none that came later.
    """

    conversation: str
    owner: str
    title: str
    path: tuple[int, ...]


class Shares:
    """The links to every owner's conversations, one to each at most.

    Only a hash of a link's secret is kept, so that whoever reads the file cannot open what it opens.

    Args:
        database: Where they are.
        clock: Tells the time, in seconds since the epoch.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._db, self._clock = database, clock

    async def make(self, conversation: str, owner: str, seconds: float | None = None) -> str:
        """Makes the link to a conversation as it is now; one that there was is withdrawn.

        Args:
            conversation: Which.
            owner: Whose.
            seconds: After how long it ends by itself; None never.

        Returns:
            The link's secret, which is not kept.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        secret, now = secrets.token_urlsafe(32), self._clock()
        expires = now + seconds if seconds else None
        async with self._db.change() as change:
            select = f"SELECT leaf FROM conversations WHERE id = ? AND owner = ?{self._db.locking}"  # noqa: S608 — ours
            rows = await change.rows(select, conversation, owner)
            if not rows:
                raise UnknownConversation(f"There is no conversation '{conversation}'.")
            await change.run("DELETE FROM shares WHERE conversation = ?", conversation)
            insert = "INSERT INTO shares (conversation, secret, leaf, made, expires) VALUES (?, ?, ?, ?, ?)"
            await change.run(insert, conversation, _key(secret), rows[0][0], now, expires)
        return secret

    async def withdraw(self, conversation: str, owner: str) -> None:
        """Ends the link to a conversation; nothing happens where there is none.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self._require(conversation, owner)
        async with self._db.change() as change:
            await change.run("DELETE FROM shares WHERE conversation = ?", conversation)

    async def of(self, conversation: str, owner: str) -> Share | None:
        """Returns the link to a conversation; None where there is none that still holds.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self._require(conversation, owner)
        select = "SELECT made, expires FROM shares WHERE conversation = ? AND coalesce(expires, ?) >= ?"
        now = self._clock()
        rows = await self._db.rows(select, conversation, now, now)
        return Share(*rows[0]) if rows else None

    async def opened(self, secret: str) -> Shared | None:
        """Returns what a link shows; None where there is no such link, or none any more."""
        if not SECRET.fullmatch(secret):
            return None
        select = (
            "SELECT c.id, c.owner, c.title, s.leaf FROM shares s JOIN conversations c ON c.id = s.conversation "
            "WHERE s.secret = ? AND coalesce(s.expires, ?) >= ?"
        )
        now = self._clock()
        rows = await self._db.rows(select, _key(secret), now, now)
        if not rows:
            return None
        conversation, owner, title, leaf = rows[0]
        return Shared(conversation, owner, title, await path_to(self._db, leaf))

    async def _require(self, conversation: str, owner: str) -> None:
        select = "SELECT 1 FROM conversations WHERE id = ? AND owner = ?"
        if not await self._db.rows(select, conversation, owner):
            raise UnknownConversation(f"There is no conversation '{conversation}'.")


async def path_to(db: Database | Change, leaf: int | None) -> tuple[int, ...]:
    """Returns the rows of the turns that lead to one, the first one first and itself last."""
    up = (
        "WITH RECURSIVE above(id, parent) AS (SELECT id, parent FROM turns WHERE id = ? UNION ALL "
        "SELECT turns.id, turns.parent FROM turns JOIN above ON turns.id = above.parent) "
        "SELECT id FROM above ORDER BY id"
    )
    return tuple(row[0] for row in await db.rows(up, leaf))


def url_of(secret: str) -> str:
    """Returns where the page shows what a link opens."""
    return f"{SHARED}{secret}"


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
