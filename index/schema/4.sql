-- By which a file is known to be the one that was read; null where only its digest tells. See index/stamp.py.
ALTER TABLE documents ADD COLUMN stamp TEXT;

CREATE TABLE tags (
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (document, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_of_tag ON tags (tag);
