-- The library's store. Every invariant that SQLite can hold is held here, so that no writer can break it.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    added TEXT NOT NULL
) STRICT;

-- position counts from 0 in reading order; number is the one that a viewer shows.
CREATE TABLE pages (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents,
    position INTEGER NOT NULL,
    number INTEGER,
    text TEXT NOT NULL,
    UNIQUE (document, position)
) STRICT;

CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    page INTEGER NOT NULL REFERENCES pages,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    heading TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX passages_of_page ON passages (page);

-- float32, little endian.
CREATE TABLE vectors (
    passage INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE,
    vector BLOB NOT NULL
) STRICT;

-- Passage numbers only grow and are given inside the writing transaction, so a cache that stands for passage P and
-- removal R is brought up to date by the passages after P and the removals after R.
CREATE TABLE removals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    passage INTEGER NOT NULL
) STRICT;

CREATE VIEW passage_words AS
    SELECT passages.id AS id, documents.title AS title, passages.heading AS heading, passages.text AS text
    FROM passages JOIN pages ON pages.id = passages.page JOIN documents ON documents.id = pages.document;

CREATE VIRTUAL TABLE words USING fts5 (
    title, heading, text, content = 'passage_words', content_rowid = 'id', tokenize = 'porter unicode61'
);

CREATE TRIGGER passage_added AFTER INSERT ON passages BEGIN
    INSERT INTO words (rowid, title, heading, text)
        SELECT id, title, heading, text FROM passage_words WHERE id = new.id;
END;

CREATE TRIGGER passage_removed BEFORE DELETE ON passages BEGIN
    INSERT INTO words (words, rowid, title, heading, text)
        SELECT 'delete', id, title, heading, text FROM passage_words WHERE id = old.id;
    INSERT INTO removals (passage) VALUES (old.id);
END;
