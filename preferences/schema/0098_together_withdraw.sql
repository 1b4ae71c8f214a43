-- +goose Up

-- A job may withdraw people from a topic too.
DROP INDEX together_open;
DROP INDEX together_people_subscriber;
ALTER TABLE together_people RENAME TO together_people_before;
ALTER TABLE together RENAME TO together_before;

CREATE TABLE together (
    id          {{id}} PRIMARY KEY, -- whoever came later has a larger one, and is not reached
    status      TEXT NOT NULL CHECK (status IN ('queued', 'running', 'finished', 'cancelled', 'failed', 'undoing', 'undone')),
    action      TEXT NOT NULL CHECK (action IN ('tag', 'untag', 'suppress', 'withdraw')),
    tag         TEXT NOT NULL,
    topic       TEXT NOT NULL DEFAULT '', -- the key of the one that people are withdrawn from
    note        TEXT NOT NULL,
    filter      TEXT NOT NULL, -- JSON: whom it reaches; without texts and ids once it is over
    actor       TEXT NOT NULL, -- JSON
    cursor      {{id}} NOT NULL DEFAULT '', -- everybody up to this person is worked off
    people      BIGINT NOT NULL DEFAULT 0,
    changed     BIGINT NOT NULL DEFAULT 0,
    skipped     TEXT NOT NULL DEFAULT '{}', -- JSON: reason to count
    restored    BIGINT NOT NULL DEFAULT 0, -- by an undo
    kept        BIGINT NOT NULL DEFAULT 0, -- as they are, by an undo: somebody changed them since
    worker      TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    tries       INTEGER NOT NULL DEFAULT 0, -- in vain, since the last set
    created_at  BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX together_open ON together (created_at) WHERE status IN ('queued', 'running', 'undoing');

-- Whom it changed, and what was there before: kept for a month, to take it back. A withdrawal keeps nothing here.
CREATE TABLE together_people (
    together_id   {{id}} NOT NULL REFERENCES together (id),
    subscriber_id {{id}} NOT NULL,
    before        TEXT NOT NULL, -- JSON: the mark that was there, null for none; or the id of the block that was made
    PRIMARY KEY (together_id, subscriber_id)
);
CREATE INDEX together_people_subscriber ON together_people (subscriber_id);

INSERT INTO together (id, status, action, tag, note, filter, actor, cursor, people, changed, skipped, restored, kept, worker, lease_until, tries, created_at, finished_at)
SELECT id, status, action, tag, note, filter, actor, cursor, people, changed, skipped, restored, kept, worker, lease_until, tries, created_at, finished_at FROM together_before;
INSERT INTO together_people (together_id, subscriber_id, before) SELECT together_id, subscriber_id, before FROM together_people_before;
DROP TABLE together_people_before;
DROP TABLE together_before;
