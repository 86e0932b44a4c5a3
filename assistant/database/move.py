"""Takes the conversations of one database over into another one, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from assistant.database.base import Change, Database
from assistant.log_schema import NUL, said

CONVERSATION = "id, owner, title, created, updated, library, folder, pinned, archived"
# What belongs to a conversation; columns that name a turn are given that turn's new number.
BELONGS = {
    "evidence": "conversation, n, passage",
    "tools_off": "conversation, tool",
    "grants": "conversation, tool",
    "summaries": "conversation, turn, text, tainted",
    "models": "conversation, model",
    "feedback": "turn, conversation, verdict, comment, given",
    "shares": "conversation, secret, leaf, made, expires",
}
TURN_COLUMNS = ("turn", "leaf")
UPLOADS = "id, owner, name, purpose, size, created, expires"

Note = Callable[[int], None]
"""Is told how many conversations have been worked through since it was told last."""

Numbers = Mapping[int, int]
"""The new number of each turn by its old one."""


async def move(source: Database, target: Database, note: Note = lambda _: None) -> tuple[int, int]:
    """Copies every conversation that the target does not have, and the rows of uploaded files.

    Args:
        source: Stays as it is.
        target: May hold others, and be in use.
        note: Is told how far it is.

    Returns:
        How many conversations were copied, and how many were there already.

    Raises:
        StorageError: A database cannot be reached; what was copied whole by then stays, and it can be done again.
    """
    there = {row[0] for row in await target.rows("SELECT id FROM conversations")}
    keys = [row[0] for row in await source.rows("SELECT id FROM conversations ORDER BY created, id")]
    for key in keys:
        if key not in there:
            async with target.change() as change:
                await _conversation(source, target.saver, target, change, key)
        note(1)
    async with target.change() as change:
        for row in await source.rows(f"SELECT {UPLOADS} FROM uploads ORDER BY number"):  # noqa: S608 — all ours
            await change.run(f"{_insert('uploads', UPLOADS)} ON CONFLICT (id) DO NOTHING", *row)
    return len(set(keys) - there), len(there.intersection(keys))


async def _conversation(
    source: Database, saver: BaseCheckpointSaver[Any], target: Database, change: Change, key: str
) -> None:
    select = f"SELECT {CONVERSATION}, leaf FROM conversations WHERE id = ?"  # noqa: S608 — all ours
    *row, leaf = (await source.rows(select, key))[0]
    await change.run(_insert("conversations", CONVERSATION), *row)
    numbers = await _turns(source, target, change, key)
    await change.run("UPDATE conversations SET leaf = ? WHERE id = ?", numbers.get(leaf), key)
    for table, columns in BELONGS.items():
        found = await source.rows(f"SELECT {columns} FROM {table} WHERE conversation = ?", key)  # noqa: S608
        names = columns.split(", ")
        await change.many(_insert(table, columns), [_renumbered(names, row, numbers) for row in found])
    # Before the conversation is there; where that fails they are written over when it is tried again.
    async for checkpoint in source.saver.alist({"configurable": {"thread_id": key}}):
        await _checkpoint(saver, checkpoint, numbers)


async def _turns(source: Database, target: Database, change: Change, key: str) -> Numbers:
    numbers: dict[int, int] = {}
    select = "SELECT id, question, asked, state, result, parent FROM turns WHERE conversation = ? ORDER BY id"
    for old, question, asked, state, result, parent in await source.rows(select, key):
        clean = NUL.sub(r"\1\\ufffd", result) if result else result
        columns = "conversation, question, asked, state, result, parent"
        insert = f"{_insert('turns', columns)} RETURNING id"
        [[new]] = await change.rows(insert, key, question, asked, state, clean, numbers.get(parent))
        numbers[old] = new
        await target.words.add(change, new, question)
        if words := said(clean):
            await target.words.answer(change, new, words)
    return numbers


async def _checkpoint(saver: BaseCheckpointSaver[Any], found: CheckpointTuple, numbers: Numbers) -> None:
    metadata: dict[str, Any] = {**found.metadata}
    if (turn := metadata.get("turn")) is not None:
        metadata["turn"] = numbers.get(turn, turn)
    before = (found.parent_config or {}).get("configurable", {}).get("checkpoint_id")
    here = found.config["configurable"]
    under = {"thread_id": here["thread_id"], "checkpoint_ns": here.get("checkpoint_ns", "")}
    config: RunnableConfig = {"configurable": {**under, "checkpoint_id": before}}
    versions = found.checkpoint["channel_versions"]
    made = await saver.aput(config, found.checkpoint, metadata, versions)  # type: ignore[arg-type]
    writes: dict[str, list[tuple[str, Any]]] = {}
    for task, channel, value in found.pending_writes or ():
        writes.setdefault(task, []).append((channel, value))
    for task, each in writes.items():
        await saver.aput_writes(made, each, task)


def _renumbered(names: Sequence[str], row: Sequence[Any], numbers: Numbers) -> list[Any]:
    return [
        numbers.get(value) if name in TURN_COLUMNS and value is not None else value
        for name, value in zip(names, row, strict=True)
    ]


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("?" for _ in columns.split(","))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 — all ours
