-- Files that could not be read, until they can be: what a person may want to mend.
CREATE TABLE refusals (
    path TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    refused TEXT NOT NULL
) STRICT, WITHOUT ROWID;
