"""A PostgreSQL that is lost, comes back, or is there and does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from threading import Barrier

import psycopg_pool.base
import pytest

from assistant.api.keys import Keys
from assistant.database import postgres_pool
from assistant.database.open import open_database
from assistant.database.postgres import PostgresDatabase
from assistant.errors import StorageError
from assistant.settings import DatabaseSettings, Settings
from tests.postgres import LEFT_OUT, Postgres, binaries

# A request hangs for 40 s and more where nobody looks at the clock.
SOON = 20


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A server that may be stopped."""
    programs = binaries()
    if programs is None:
        pytest.skip(LEFT_OUT)
    server = Postgres(programs)
    yield server
    server.close()


def settings(own: Postgres, timeout: float, connections: int = 6) -> Settings:
    return Settings(database=DatabaseSettings(url=own.new(), connections=connections, timeout=timeout))


async def test_a_database_that_comes_back_after_long_is_found_at_once(
    own: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psycopg_pool.base.AttemptWithBackoff, "INITIAL_DELAY", 0.05)
    monkeypatch.setattr(postgres_pool, "RECONNECT", 0.2)
    async with open_database(settings(own, timeout=0.5)) as database:
        assert isinstance(database, PostgresDatabase)
        own.stop()
        with pytest.raises(StorageError, match="cannot be reached"):
            await database.rows("SELECT 1")
        # With every attempt twice as long after the one before, the next would be many seconds away by then.
        while database.pool.get_stats().get("connections_errors", 0) < 10:  # noqa: ASYNC110 — it tells nobody
            await asyncio.sleep(0.05)
        own.start()
        begun = time.monotonic()
        while True:
            try:
                assert await database.rows("SELECT 1") == [(1,)]
                break
            except StorageError:
                assert time.monotonic() - begun < 10


async def test_the_first_request_after_a_restart_finds_a_connection_that_works(own: Postgres) -> None:
    async with open_database(settings(own, timeout=SOON)) as database, AsyncExitStack() as several:
        for _ in range(6):
            await several.enter_async_context(database.change())
        await several.aclose()
        own.stop()
        own.start()
        begun = time.monotonic()
        async with database.change() as change:
            assert await change.rows("SELECT 1") == [(1,)]
        # Six that are tried in turn, each after twice the time, take 1 + 2 + 4 + 8 + 16 s.
        assert time.monotonic() - begun < SOON


def test_keys_are_known_after_a_restart(own: Postgres) -> None:
    place = settings(own, timeout=6).database
    assert place
    together = Barrier(4)
    with Keys(place) as keys, ThreadPoolExecutor(4) as threads:
        secret = keys.add("one", frozenset({"ask"}))

        def known(_: int) -> str | None:
            together.wait()
            found = keys.of(secret)
            return found and found.name

        assert list(threads.map(known, range(4))) == ["one"] * 4
        own.stop()
        own.start()
        assert keys.of(secret)


async def test_a_frozen_database_is_told_in_time(own: Postgres) -> None:
    async with open_database(settings(own, timeout=1)) as database:
        assert await database.rows("SELECT 1") == [(1,)]
        async with database.alone("before"):
            pass
        own.freeze()
        try:
            async with asyncio.timeout(SOON):
                for ask in (database.rows("SELECT 1"), database.alone("it").__aenter__(), _changes(database)):
                    with pytest.raises(StorageError, match="cannot be reached"):
                        await ask
        finally:
            own.thaw()
        assert await database.rows("SELECT 1") == [(1,)]


async def test_one_that_freezes_in_the_middle_of_a_change_is_told_in_time(own: Postgres) -> None:
    async with open_database(settings(own, timeout=1)) as database:
        try:
            async with asyncio.timeout(SOON):
                with pytest.raises(StorageError, match="cannot be reached"):
                    async with database.change() as change:
                        own.freeze()
                        await change.rows("SELECT 1")
        finally:
            own.thaw()


async def _changes(database: object) -> None:
    assert isinstance(database, PostgresDatabase)
    async with database.change():
        raise AssertionError("begun while frozen")
