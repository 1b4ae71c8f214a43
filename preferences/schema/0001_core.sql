-- +goose Up

-- What an administrator sets for the whole site, one JSON value a key.
CREATE TABLE settings (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- First answers to requests that carried an Idempotency-Key, kept for 24 hours.
CREATE TABLE idempotency_keys (
    actor      TEXT NOT NULL,
    key        TEXT NOT NULL,
    request    TEXT NOT NULL, -- SHA-256 of method, path and body
    status     INTEGER NOT NULL, -- 0 while the first request runs
    content_type TEXT NOT NULL DEFAULT '',
    location   TEXT NOT NULL DEFAULT '',
    body       TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE partners (
    id         {{id}} PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE topics (
    id                    {{id}} PRIMARY KEY,
    key                   TEXT NOT NULL UNIQUE,
    class                 TEXT NOT NULL CHECK (class IN ('marketing', 'research')),
    basis                 TEXT NOT NULL CHECK (basis IN ('consent', 'soft_opt_in', 'legitimate_interests')),
    double_opt_in         BOOLEAN NOT NULL,
    similar_goods         BOOLEAN NOT NULL,
    consent_lifetime_days INTEGER, -- NULL: consent does not expire by itself
    names                 TEXT NOT NULL, -- JSON: language to name
    descriptions          TEXT NOT NULL, -- JSON: language to description
    brand_key             TEXT,
    partner_key           TEXT,
    position              INTEGER NOT NULL DEFAULT 0,
    archived_at           BIGINT,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL
);

CREATE TABLE subscribers (
    id                {{id}} PRIMARY KEY,
    email             TEXT NOT NULL,
    email_key         {{id}} NOT NULL UNIQUE, -- the address in the one form that it is compared in
    external_id       TEXT UNIQUE,
    first_name        TEXT NOT NULL DEFAULT '',
    last_name         TEXT NOT NULL DEFAULT '',
    company           TEXT NOT NULL DEFAULT '',
    phone             TEXT NOT NULL DEFAULT '',
    locale            TEXT NOT NULL DEFAULT '',
    timezone          TEXT NOT NULL DEFAULT '',
    country           TEXT NOT NULL DEFAULT '',
    birth_date        TEXT NOT NULL DEFAULT '',
    customer_since    BIGINT,
    attributes        TEXT NOT NULL DEFAULT '{}',
    source            TEXT NOT NULL DEFAULT '',
    -- facts for the gate that belong to the person
    erased_before     BOOLEAN NOT NULL DEFAULT FALSE, -- the address matches the fingerprint of an erased person
    unverified_since  BIGINT, -- the address was changed then and is not yet verified
    restricted_at     BIGINT,
    objected_at       BIGINT, -- objection to all direct marketing
    objected_research_at BIGINT,
    unsubscribed_at   BIGINT, -- unsubscribed from everything
    paused_until      BIGINT,
    frequency         TEXT NOT NULL DEFAULT 'each' CHECK (frequency IN ('each', 'weekly', 'monthly')),
    tracking_at       BIGINT, -- consented to tracking then
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);
CREATE INDEX subscribers_created ON subscribers (created_at, id);
CREATE INDEX subscribers_customers ON subscribers (id) WHERE customer_since IS NOT NULL;

-- Where a person stands on a topic now. How it came to be is in the ledger.
CREATE TABLE consents (
    subscriber_id   {{id}} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    topic_id        {{id}} NOT NULL REFERENCES topics (id),
    state           TEXT NOT NULL CHECK (state IN ('pending', 'given', 'withdrawn', 'objected', 'expired')),
    since           BIGINT NOT NULL, -- when the person chose it
    event_id        {{id}} NOT NULL, -- the ledger event that says so
    opt_out_offered BOOLEAN NOT NULL DEFAULT FALSE,
    expires_at      BIGINT,
    PRIMARY KEY (subscriber_id, topic_id)
);
CREATE INDEX consents_topic ON consents (topic_id, state, since);

CREATE TABLE partner_objections (
    subscriber_id {{id}} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    partner_key   TEXT NOT NULL,
    event_id      {{id}} NOT NULL,
    at            BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, partner_key)
);

-- Addresses that are blocked, with the reason.
CREATE TABLE suppressions (
    id          {{id}} PRIMARY KEY,
    address_key {{id}} NOT NULL,
    email       TEXT NOT NULL,
    reason      TEXT NOT NULL CHECK (reason IN ('manual', 'bounced', 'complained')),
    note        TEXT NOT NULL DEFAULT '',
    source      TEXT NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    UNIQUE (address_key, reason)
);
CREATE INDEX suppressions_created ON suppressions (created_at, id);

-- All that is left of an erased person: a keyed fingerprint of the address.
CREATE TABLE erasures (
    fingerprint {{bytes}} PRIMARY KEY,
    key_id      TEXT NOT NULL,
    erased_at   BIGINT NOT NULL
);
