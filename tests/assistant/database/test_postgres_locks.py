"""The locks by which servers keep out of each other's turns."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import psycopg
import pytest

from assistant.database.postgres_client import LIVELY
from assistant.database.postgres_locks import TurnLocks

NAMES = [f"conversation {n}" for n in range(60)]


def cut_off(url: str) -> None:
    """Ends every other connection to a database, and so lets go of their locks."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def held(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        ).fetchone()
    assert row
    return int(row[0])


async def test_turns_that_end_while_locks_are_taken_again_disturb_nobody(postgres_url: str) -> None:
    locks = TurnLocks(postgres_url, LIVELY, "The database", 10)
    turns = [AsyncExitStack() for _ in NAMES]
    for turn, name in zip(turns, NAMES, strict=True):
        await turn.enter_async_context(locks.held(name))
    cut_off(postgres_url)

    async def asks() -> None:
        async with locks.held("another"):
            assert held(postgres_url) >= 1

    async def ends() -> list[asyncio.Task[None]]:
        ending = []
        for turn in turns[:-1]:
            await asyncio.sleep(0.001)
            ending.append(asyncio.create_task(turn.aclose()))
        return ending

    _, ending = await asyncio.gather(asks(), ends())
    await asyncio.gather(*ending)
    assert held(postgres_url) == 1
    await turns[-1].aclose()
    assert held(postgres_url) == 0
    await locks.close()


async def test_a_lock_that_another_server_has_taken_meanwhile_is_told(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ours, theirs = (TurnLocks(postgres_url, LIVELY, "The database", 10) for _ in range(2))
    async with ours.held("it"), ours.held("mine"):
        cut_off(postgres_url)
        async with theirs.held("it"):
            with caplog.at_level(logging.WARNING):
                async with ours.held("another"):
                    assert "another server went on with it" in caplog.text
                    assert "with mine" not in caplog.text
    await ours.close()
    await theirs.close()


async def test_whoever_stops_waiting_for_a_lock_is_not_given_it(postgres_url: str) -> None:
    locks = TurnLocks(postgres_url, LIVELY, "The database", 10)
    async with locks.held("other"):  # so that it is connected
        pass
    for looks in range(4):
        waiting = asyncio.create_task(locks.held("it").__aenter__())
        for _ in range(looks):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert held(postgres_url) == 0
    await locks.close()


async def test_a_conversation_is_idle_where_nobody_holds_its_lock(postgres_url: str) -> None:
    ours, theirs = (TurnLocks(postgres_url, LIVELY, "The database", 10) for _ in range(2))
    async with theirs.held("it"), ours.held("mine"):
        for conversation in ("it", "mine"):
            async with ours.idle(conversation) as idle:
                assert not idle
        async with ours.idle("another") as idle:
            assert idle
    assert held(postgres_url) == 0
    await ours.close()
    await theirs.close()
