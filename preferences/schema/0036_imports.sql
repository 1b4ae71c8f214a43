-- +goose Up

CREATE TABLE imports (
    id            {{id}} PRIMARY KEY,
    status        TEXT NOT NULL CHECK (status IN ('queued', 'running', 'finished', 'failed', 'undoing', 'undone')),
    file_name     TEXT NOT NULL,
    charset       TEXT NOT NULL,
    size          BIGINT NOT NULL, -- of the file in bytes
    done          BIGINT NOT NULL DEFAULT 0, -- bytes that are worked off, about
    header        TEXT NOT NULL, -- JSON: the names of the columns
    mapping       TEXT NOT NULL, -- JSON: column to field
    evidence      TEXT NOT NULL, -- JSON: what every row has agreed to; null: nothing
    dry_run       BOOLEAN NOT NULL,
    actor         TEXT NOT NULL, -- JSON
    -- how it went so far; a batch of rows and its count are committed together
    row_count     BIGINT NOT NULL DEFAULT 0,
    created       BIGINT NOT NULL DEFAULT 0,
    updated       BIGINT NOT NULL DEFAULT 0,
    confirmations BIGINT NOT NULL DEFAULT 0,
    skipped       TEXT NOT NULL DEFAULT '{}', -- JSON: reason to count
    partly        TEXT NOT NULL DEFAULT '{}',
    errors        TEXT NOT NULL DEFAULT '[]', -- JSON: the first ones
    failure       TEXT NOT NULL DEFAULT '',
    undone        TEXT NOT NULL DEFAULT 'null', -- JSON: what an undo took back
    -- who works on it
    worker        TEXT NOT NULL DEFAULT '',
    lease_until   BIGINT NOT NULL DEFAULT 0,
    tries         INTEGER NOT NULL DEFAULT 0, -- in vain, since the last batch
    created_at    BIGINT NOT NULL,
    started_at    BIGINT,
    finished_at   BIGINT
);
CREATE INDEX imports_open ON imports (created_at) WHERE status IN ('queued', 'running', 'undoing');

-- Whom an import has seen, to notice double rows and to take it back. Rows are kept for a month.
CREATE TABLE import_people (
    import_id     {{id}} NOT NULL REFERENCES imports (id),
    fingerprint   {{bytes}} NOT NULL, -- keyed, of the address
    line          BIGINT NOT NULL,
    subscriber_id {{id}} NOT NULL,
    created       BOOLEAN NOT NULL,
    choices       TEXT NOT NULL, -- JSON: what it chose for them, and where they stood before
    at            BIGINT NOT NULL,
    PRIMARY KEY (fingerprint, import_id)
);
CREATE INDEX import_people_line ON import_people (import_id, line);
CREATE INDEX import_people_subscriber ON import_people (subscriber_id);

-- Rows that were left out, with the reason. Kept for a month.
CREATE TABLE import_rejects (
    import_id   {{id}} NOT NULL REFERENCES imports (id),
    line        BIGINT NOT NULL,
    address_key {{id}} NOT NULL,
    reason      TEXT NOT NULL,
    field       TEXT NOT NULL,
    detail      TEXT NOT NULL,
    cells       TEXT NOT NULL, -- JSON: the row
    PRIMARY KEY (import_id, line)
);
CREATE INDEX import_rejects_address ON import_rejects (address_key);
