-- Where the lines of a page stand on it: for each two uint32 (start, end) and four float32 (left, top, right, bottom, as
-- fractions of the page), little endian.
CREATE TABLE lines (
    page INTEGER PRIMARY KEY REFERENCES pages ON DELETE CASCADE,
    boxes BLOB NOT NULL
) STRICT;

-- box is four float32 as above, null where the format does not tell.
CREATE TABLE pictures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    page INTEGER NOT NULL REFERENCES pages,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    caption TEXT NOT NULL,
    box BLOB,
    data BLOB NOT NULL
) STRICT;
CREATE INDEX pictures_of_page ON pictures (page);

-- Of the model that meta names; may come later than its picture, so it has numbers of its own that only grow.
CREATE TABLE picture_vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    picture INTEGER NOT NULL UNIQUE REFERENCES pictures ON DELETE CASCADE,
    vector BLOB NOT NULL
) STRICT;

-- What removals are to the vectors of passages.
CREATE TABLE picture_removals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    picture INTEGER NOT NULL
) STRICT;

CREATE TRIGGER picture_removed BEFORE DELETE ON pictures BEGIN
    INSERT INTO picture_removals (picture) VALUES (old.id);
END;
