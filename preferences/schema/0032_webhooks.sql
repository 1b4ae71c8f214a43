-- +goose Up

-- Who is told, by a signed POST, what happens here.
CREATE TABLE webhooks (
    id          {{id}} PRIMARY KEY,
    url         TEXT NOT NULL,
    events      TEXT NOT NULL, -- JSON: names of events, or beginnings such as subscriber.*; none: all
    description TEXT NOT NULL DEFAULT '',
    secret      TEXT NOT NULL, -- both sides sign with it, so it cannot be a hash
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT, -- the other side said 410 Gone
    disabled_for TEXT NOT NULL DEFAULT ''
);

-- One event for one of them. Its body is emptied once it is delivered or given up.
CREATE TABLE webhook_calls (
    id         {{id}} PRIMARY KEY,
    webhook_id {{id}} NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event      TEXT NOT NULL,
    subject    {{id}} NOT NULL DEFAULT '', -- the subscriber that it is about
    body       TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('waiting', 'done', 'failed')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    due_at     BIGINT NOT NULL,
    answered   INTEGER NOT NULL DEFAULT 0, -- HTTP status of the last answer, 0: none
    error      TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    at         BIGINT NOT NULL -- of the last attempt
);
CREATE INDEX webhook_calls_due ON webhook_calls (due_at) WHERE status = 'waiting';
CREATE INDEX webhook_calls_subject ON webhook_calls (subject) WHERE subject <> '';
CREATE INDEX webhook_calls_webhook ON webhook_calls (webhook_id, created_at);
CREATE INDEX webhook_calls_age ON webhook_calls (at) WHERE status <> 'waiting';
