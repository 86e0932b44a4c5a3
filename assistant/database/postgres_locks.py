"""Keeps two servers from running turns of one conversation at once.

The locks belong to one connection of each server. A server that is killed lets go of them with its connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg

from assistant.database.postgres_client import NOTICE
from assistant.database.postgres_pool import PatientConnection, Unanswered
from assistant.errors import StorageError

log = logging.getLogger(__name__)

# Seconds after which a server that waits looks again.
BETWEEN_LOOKS = 0.25
# Keeps our locks apart from those of other programs in the same database.
OURS = 7_316_042
TAKE = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
LET_GO = "SELECT pg_advisory_unlock(%s, hashtext(%s))"


class TurnLocks:
    """The locks of this process.

    Args:
        url: The database.
        options: How it is connected to.
        place: What people are told of where it is.
        patience: How long each answer is waited for, in seconds.
    """

    def __init__(self, url: str, options: Mapping[str, Any], place: str, patience: float) -> None:
        self._url, self._options, self._place, self._patience = url, options, place, patience
        self._connection: PatientConnection | None = None
        self._using = asyncio.Lock()
        self._held: Counter[str] = Counter()

    @asynccontextmanager
    async def held(self, conversation: str) -> AsyncIterator[None]:
        """Holds the lock of a conversation.

        Raises:
            StorageError: The database cannot be reached.
        """
        while not await self._take(conversation):  # noqa: ASYNC110 — the other server cannot tell us
            await asyncio.sleep(BETWEEN_LOOKS)
        async with self._taken(conversation):
            yield

    @asynccontextmanager
    async def idle(self, conversation: str) -> AsyncIterator[bool]:
        """Holds the lock of a conversation if nobody else does; yields whether it was free.

        Raises:
            StorageError: The database cannot be reached.
        """
        if self._held[conversation] or not await self._take(conversation):
            yield False
            return
        async with self._taken(conversation):
            yield True

    async def close(self) -> None:
        """Lets go of all of them."""
        if self._connection is not None:
            await self._connection.close()

    @asynccontextmanager
    async def _taken(self, conversation: str) -> AsyncIterator[None]:
        self._held[conversation] += 1
        try:
            yield
        finally:
            self._held -= Counter([conversation])
            with suppress(StorageError):  # it has gone with the connection
                await asyncio.shield(self._ask(LET_GO, conversation))

    async def _take(self, conversation: str) -> bool:
        taking = asyncio.ensure_future(self._ask(TAKE, conversation))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            with suppress(StorageError):  # what is given while nobody wants it any more must not stay with us
                if await taking:
                    await self._ask(LET_GO, conversation)
            raise

    async def _ask(self, statement: str, conversation: str) -> bool:
        async with self._using:
            try:
                try:
                    return await self._asked(statement, conversation)
                except Unanswered:
                    raise
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    await self.close()
                    return await self._asked(statement, conversation)
            except psycopg.Error as error:
                log.warning("%s is away", self._place, exc_info=True)
                raise StorageError(f"{self._place} cannot be reached. Ask again in a moment.") from error

    async def _asked(self, statement: str, conversation: str) -> bool:
        if self._connection is None or self._connection.closed:
            self._connection = await PatientConnection.connect(self._url, autocommit=True, **self._options)
            self._connection.patience = self._patience
            await self._connection.execute(NOTICE)
            await self._take_again(self._connection)
        return await _run(self._connection, statement, conversation)

    async def _take_again(self, connection: PatientConnection) -> None:
        """Takes the locks of turns that go on over a new connection, as often as each is held."""
        for conversation in [*self._held]:  # turns end meanwhile, and let go of theirs after this
            for _ in range(self._held[conversation]):
                if not await _run(connection, TAKE, conversation):
                    log.warning("another server went on with %s while %s was away", conversation, self._place)
                    break


async def _run(connection: PatientConnection, statement: str, conversation: str) -> bool:
    row = await (await connection.execute(statement, (OURS, conversation))).fetchone()
    return bool(row and row[0])
