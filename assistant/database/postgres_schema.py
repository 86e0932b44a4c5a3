"""The tables of the log of conversations in PostgreSQL; ``assistant/log_schema.py`` has SQLite's."""

from __future__ import annotations

from assistant.settings import DEFAULT_LIBRARY

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
    library TEXT NOT NULL DEFAULT '{DEFAULT_LIBRARY}', leaf BIGINT, folder TEXT NOT NULL DEFAULT '',
    pinned SMALLINT NOT NULL DEFAULT 0, archived SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner, updated);
CREATE TABLE IF NOT EXISTS turns (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    question TEXT NOT NULL, asked TEXT NOT NULL, state TEXT NOT NULL, result TEXT, parent BIGINT
);
CREATE INDEX IF NOT EXISTS turns_by_conversation ON turns (conversation, id);
CREATE INDEX IF NOT EXISTS turns_by_parent ON turns (parent);
CREATE INDEX IF NOT EXISTS turns_that_run ON turns (id) WHERE state = 'running';
CREATE TABLE IF NOT EXISTS evidence (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, n INTEGER NOT NULL,
    passage TEXT NOT NULL, PRIMARY KEY (conversation, n)
);
CREATE TABLE IF NOT EXISTS tools_off (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, tool TEXT NOT NULL,
    PRIMARY KEY (conversation, tool)
);
CREATE TABLE IF NOT EXISTS grants (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, tool TEXT NOT NULL,
    PRIMARY KEY (conversation, tool)
);
CREATE TABLE IF NOT EXISTS summaries (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, turn BIGINT NOT NULL,
    text TEXT NOT NULL, tainted SMALLINT NOT NULL, PRIMARY KEY (conversation, turn)
);
CREATE TABLE IF NOT EXISTS models (
    conversation TEXT PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE, model TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS feedback (
    turn BIGINT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    verdict TEXT NOT NULL, comment TEXT NOT NULL, given TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS shares (
    conversation TEXT PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE, secret TEXT NOT NULL UNIQUE,
    leaf BIGINT, made DOUBLE PRECISION NOT NULL, expires DOUBLE PRECISION
);
CREATE TABLE IF NOT EXISTS uploads (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
    name TEXT NOT NULL, purpose TEXT NOT NULL, size BIGINT NOT NULL, created BIGINT NOT NULL, expires BIGINT
);
CREATE INDEX IF NOT EXISTS uploads_by_owner ON uploads (owner, number);
CREATE TABLE IF NOT EXISTS said (
    turn BIGINT PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE, question TEXT NOT NULL,
    answer TEXT NOT NULL DEFAULT '', words TSVECTOR NOT NULL
);
CREATE INDEX IF NOT EXISTS said_by_words ON said USING gin (words);
"""
