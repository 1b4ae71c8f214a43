-- +goose Up

-- What became of each notice, chained: one row for every acceptance, bounce or failure, for ever. Erasing a person empties salt
-- and content; the chain stays, and a later row says which rows were emptied.
CREATE TABLE notice_evidence (
    seq        BIGINT PRIMARY KEY, -- 1, 2, 3 … without a gap
    message_id {{id}} NOT NULL, -- empty for the record of an erasure
    at         BIGINT NOT NULL,
    commitment TEXT NOT NULL, -- SHA-256 over salt and content, in hexadecimal
    hash       TEXT NOT NULL, -- SHA-256 over the hash before it and this row
    salt       TEXT NOT NULL,
    content    TEXT NOT NULL -- JSON
);
CREATE INDEX notice_evidence_message ON notice_evidence (message_id, seq);
CREATE INDEX notice_evidence_emptied ON notice_evidence (seq) WHERE content = '';

-- The end of the chain; its row is locked while evidence is added.
CREATE TABLE notice_evidence_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash TEXT NOT NULL
);

CREATE INDEX messages_reference ON messages (reference, id) WHERE reference <> '';
