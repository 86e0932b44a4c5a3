-- A bit for each number of each token's vector, in the order of the tokens; see index/tokens.py. There are none where
-- nobody would compare them.
CREATE TABLE token_codes (
    passage INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE,
    codes BLOB NOT NULL
) STRICT;
