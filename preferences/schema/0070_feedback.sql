-- +goose Up

-- What came back about mails: bounces, complaints, unsubscribes by mail, as it was understood.
CREATE TABLE feedback (
    id            {{id}} PRIMARY KEY,
    provider      TEXT NOT NULL,
    event_key     TEXT NOT NULL, -- the same when the same event arrives again
    at            BIGINT NOT NULL,
    kind          TEXT NOT NULL,
    class         TEXT NOT NULL,
    code          TEXT NOT NULL, -- enhanced status code
    said          TEXT NOT NULL,
    effect        TEXT NOT NULL,
    subscriber_id {{id}},
    source_id     {{id}}, -- the campaign or message
    UNIQUE (provider, event_key)
);
CREATE INDEX feedback_at ON feedback (at, id);
CREATE INDEX feedback_subscriber ON feedback (subscriber_id);

-- Runs of soft bounces, which end in suppression when they last.
CREATE TABLE soft_runs (
    address_key {{id}} PRIMARY KEY,
    first_at    BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    days        INTEGER NOT NULL,
    count       INTEGER NOT NULL
);
