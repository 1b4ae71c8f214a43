-- +goose Up

-- What people asked for about their data (GDPR 15-21, 77). The steps are in the audit log.
CREATE TABLE data_requests (
    id            {{id}} PRIMARY KEY,
    number        TEXT NOT NULL UNIQUE, -- what people quote
    kind          TEXT NOT NULL CHECK (kind IN ('access', 'portability', 'rectification', 'erasure', 'restriction', 'objection', 'complaint')),
    status        TEXT NOT NULL CHECK (status IN ('unconfirmed', 'open', 'in_progress', 'done', 'refused', 'withdrawn')),
    source        TEXT NOT NULL, -- preference centre, public page, staff, api
    -- emptied when the person is erased
    subscriber_id {{id}},
    email         TEXT NOT NULL,
    address_key   {{id}} NOT NULL,
    detail        TEXT NOT NULL DEFAULT '', -- in the person's words
    change        TEXT NOT NULL DEFAULT '', -- JSON: what is to be corrected
    answer        TEXT NOT NULL DEFAULT '', -- in the company's words
    locale        TEXT NOT NULL DEFAULT '',
    received_at   BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    extended      TEXT NOT NULL DEFAULT '', -- why it takes longer (GDPR 12(3))
    verified_at   BIGINT,
    verified_by   TEXT NOT NULL DEFAULT '', -- how it is known who asks
    escalated     INTEGER NOT NULL DEFAULT 0, -- 1: said to be due soon, 2: said to be overdue
    closed_at     BIGINT,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX data_requests_due ON data_requests (due_at, id);
CREATE INDEX data_requests_open ON data_requests (due_at, id) WHERE status IN ('unconfirmed', 'open', 'in_progress');
CREATE INDEX data_requests_address ON data_requests (address_key, created_at);
CREATE INDEX data_requests_subscriber ON data_requests (subscriber_id);
