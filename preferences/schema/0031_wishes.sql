-- +goose Up

-- What a person asked for in the preference centre and what a link alone cannot give, because it may have been passed on:
-- it is done when it is confirmed from their mailbox. Topics that wait are in consents.
CREATE TABLE wishes (
    subscriber_id {{id}} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL CHECK (kind IN ('partner', 'tracking', 'objection', 'research_objection', 'restriction')),
    value         TEXT NOT NULL DEFAULT '', -- the partner's key
    asked_at      BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, kind, value)
);
