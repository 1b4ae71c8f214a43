-- +goose Up

-- The chain: one row for every consent event, for ever. It holds nothing of the person, only a commitment to it.
CREATE TABLE ledger_entries (
    seq        BIGINT PRIMARY KEY, -- 1, 2, 3 … without a gap
    event_id   {{id}} NOT NULL,
    at         BIGINT NOT NULL,
    commitment {{bytes}} NOT NULL, -- SHA-256 over salt and content of the event
    hash       {{bytes}} NOT NULL  -- SHA-256 over the hash before it and this row
);

-- The end of the chain; its row is locked while entries are appended.
CREATE TABLE ledger_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash {{bytes}} NOT NULL
);

-- What happened, to whom, and the proof of it. Erasing a person deletes these rows; the chain stays.
-- content is the whole event and is what the chain commits to; the columns beside it repeat it for queries.
CREATE TABLE consent_events (
    id            {{id}} PRIMARY KEY,
    seq           BIGINT NOT NULL,
    subscriber_id {{id}} NOT NULL, -- empty for the record of an erasure
    salt          {{bytes}} NOT NULL,
    at            BIGINT NOT NULL,
    action        TEXT NOT NULL,
    topic_id      {{id}} NOT NULL,
    topic_key     TEXT NOT NULL,
    partner_key   TEXT NOT NULL,
    state         TEXT NOT NULL,
    source        TEXT NOT NULL,
    content       TEXT NOT NULL
);
CREATE INDEX consent_events_subscriber ON consent_events (subscriber_id, seq);
CREATE INDEX consent_events_erasures ON consent_events (seq) WHERE action = 'erased';
