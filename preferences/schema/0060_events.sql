-- +goose Up

CREATE TABLE events (
    id             {{id}} PRIMARY KEY,
    slug           TEXT NOT NULL UNIQUE,
    names          TEXT NOT NULL, -- JSON: language to name
    descriptions   TEXT NOT NULL DEFAULT '{}', -- JSON: language to Markdown
    starts_at      BIGINT NOT NULL,
    ends_at        BIGINT NOT NULL,
    timezone       TEXT NOT NULL,
    place          TEXT NOT NULL DEFAULT '',
    url            TEXT NOT NULL DEFAULT '', -- where it takes place online; only those who registered are told
    capacity       INTEGER, -- NULL: no limit
    partners       TEXT NOT NULL DEFAULT '[]', -- JSON: keys of those who would like to have registrants' details
    brand_key      TEXT NOT NULL DEFAULT '',
    reminder_hours INTEGER NOT NULL, -- before it begins; 0: no reminder
    follow_up      TEXT NOT NULL DEFAULT '{}', -- JSON: language to text of the mail afterwards
    sequence       INTEGER NOT NULL DEFAULT 0, -- grows with every change that registrants are told of
    changed_at     BIGINT, -- when it last grew
    cancelled_at   BIGINT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
CREATE INDEX events_starts ON events (starts_at, id);

CREATE TABLE event_registrations (
    id             {{id}} PRIMARY KEY,
    event_id       {{id}} NOT NULL REFERENCES events (id),
    subscriber_id  {{id}} NOT NULL,
    email          TEXT NOT NULL,
    email_key      TEXT NOT NULL,
    folded_key     TEXT NOT NULL, -- the key without a plus tag, for limits
    first_name     TEXT NOT NULL DEFAULT '',
    last_name      TEXT NOT NULL DEFAULT '',
    company        TEXT NOT NULL DEFAULT '',
    phone          TEXT NOT NULL DEFAULT '',
    locale         TEXT NOT NULL DEFAULT '',
    ip             TEXT NOT NULL DEFAULT '',
    status         TEXT NOT NULL CHECK (status IN ('registered', 'waiting', 'cancelled')),
    queued_at      BIGINT NOT NULL, -- the place in the line
    told_sequence  INTEGER NOT NULL, -- up to which change of the event
    reminded_at    BIGINT,
    followed_up_at BIGINT,
    cancelled_at   BIGINT,
    created_at     BIGINT NOT NULL,
    UNIQUE (event_id, email_key)
);
CREATE INDEX event_registrations_line ON event_registrations (event_id, status, queued_at, id);
CREATE INDEX event_registrations_person ON event_registrations (email_key);
CREATE INDEX event_registrations_subscriber ON event_registrations (subscriber_id);
CREATE INDEX event_registrations_folded ON event_registrations (event_id, folded_key);
CREATE INDEX event_registrations_ip ON event_registrations (ip, created_at);

-- What a registrant lets one partner have. The proof is in the ledger.
CREATE TABLE event_shares (
    registration_id {{id}} NOT NULL REFERENCES event_registrations (id) ON DELETE CASCADE,
    partner_key     TEXT NOT NULL,
    wording         TEXT NOT NULL,
    given_at        BIGINT NOT NULL,
    given_event     {{id}} NOT NULL,
    withdrawn_at    BIGINT,
    told_at         BIGINT, -- the partner was told of the withdrawal
    PRIMARY KEY (registration_id, partner_key)
);
