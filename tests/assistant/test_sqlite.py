"""The SQLite file of conversations."""

from __future__ import annotations

import asyncio
from pathlib import Path

from langgraph.checkpoint.base import empty_checkpoint

from assistant.database.sqlite import SqliteDatabase, open_sqlite


async def test_a_checkpoint_that_was_stopped_before_its_commit_keeps_nobody_from_writing(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path / "log.sqlite") as database:
        assert isinstance(database, SqliteDatabase)
        config = {"configurable": {"thread_id": "a", "checkpoint_ns": ""}}
        for yields in range(1, 12):
            put = asyncio.create_task(database.saver.aput(config, empty_checkpoint(), {}, {}))  # type: ignore[arg-type]
            for _ in range(yields):
                await asyncio.sleep(0)
            put.cancel()
            await asyncio.wait([put])
            async with database.change() as change:
                await change.run("DELETE FROM checkpoints WHERE thread_id = ?", "b")
