"""The tables of the log of conversations, and how a file of an earlier version gets what it lacks."""

from __future__ import annotations

import json
import re
from typing import Any

import aiosqlite

from assistant.settings import DEFAULT_LIBRARY

# A backslash before it would be one that stands for itself.
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
    library TEXT NOT NULL DEFAULT '{DEFAULT_LIBRARY}', leaf INTEGER, folder TEXT NOT NULL DEFAULT '',
    pinned INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner, updated);
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    question TEXT NOT NULL, asked TEXT NOT NULL, state TEXT NOT NULL, result TEXT, parent INTEGER
);
CREATE INDEX IF NOT EXISTS turns_by_conversation ON turns (conversation, id);
CREATE INDEX IF NOT EXISTS turns_that_run ON turns (id) WHERE state = 'running';
CREATE TABLE IF NOT EXISTS evidence (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, n INTEGER NOT NULL,
    passage TEXT NOT NULL, PRIMARY KEY (conversation, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tools_off (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, tool TEXT NOT NULL,
    PRIMARY KEY (conversation, tool)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grants (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, tool TEXT NOT NULL,
    PRIMARY KEY (conversation, tool)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS summaries (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, turn INTEGER NOT NULL,
    text TEXT NOT NULL, tainted INTEGER NOT NULL, PRIMARY KEY (conversation, turn)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS models (
    conversation TEXT PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE, model TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feedback (
    turn INTEGER PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    verdict TEXT NOT NULL, comment TEXT NOT NULL, given TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS shares (
    conversation TEXT PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE, secret TEXT NOT NULL UNIQUE,
    leaf INTEGER, made REAL NOT NULL, expires REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, name TEXT NOT NULL, purpose TEXT NOT NULL,
    size INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER
);
CREATE INDEX IF NOT EXISTS uploads_by_owner ON uploads (owner, number);
CREATE VIRTUAL TABLE IF NOT EXISTS said USING fts5(question, answer, tokenize = 'unicode61 remove_diacritics 2');
"""

# What the first versions' tables lacked, and how it is filled for what they hold.
ADDED = {
    "conversations": {
        "library": f"TEXT NOT NULL DEFAULT '{DEFAULT_LIBRARY}'",
        "leaf": "INTEGER",
        "folder": "TEXT NOT NULL DEFAULT ''",
        "pinned": "INTEGER NOT NULL DEFAULT 0",
        "archived": "INTEGER NOT NULL DEFAULT 0",
    },
    "turns": {"parent": "INTEGER"},
}
FILL = {
    "leaf": "UPDATE conversations SET leaf = (SELECT max(id) FROM turns WHERE conversation = conversations.id)",
    "parent": (
        "UPDATE turns SET parent = (SELECT max(id) FROM turns AS earlier "
        "WHERE earlier.conversation = turns.conversation AND earlier.id < turns.id)"
    ),
}


async def create_tables(db: aiosqlite.Connection) -> None:
    """Creates the tables where they are missing, and their columns where an earlier version made them."""
    await db.executescript(SCHEMA)
    for table, columns in ADDED.items():
        rows = await db.execute_fetchall("SELECT name FROM pragma_table_info(?)", (table,))
        present = {row[0] for row in rows}
        for name, kind in columns.items():
            if name not in present:
                await db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
                if name in FILL:
                    await db.execute(FILL[name])
                if name == "parent":
                    await _fill_search(db)
    await db.commit()


async def _fill_search(db: aiosqlite.Connection) -> None:
    for row in await db.execute_fetchall("SELECT id, question, result FROM turns"):
        await db.execute("INSERT INTO said (rowid, question, answer) VALUES (?, ?, ?)", (*row[:2], said(row[2])))


def stored(value: Any) -> str:
    """Returns a value as it is kept: JSON without NUL, which PostgreSQL cannot read again."""
    text = json.dumps(value, ensure_ascii=False)
    return NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def said(result: str | dict[str, Any] | None) -> str:
    """Returns the words of a turn's result that a person would look for."""
    row = json.loads(result) if isinstance(result, str) else result or {}
    return str(row.get("answer") or row.get("shown") or "")
