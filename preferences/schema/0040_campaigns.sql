-- +goose Up

CREATE TABLE brands (
    id                {{id}} PRIMARY KEY,
    key               TEXT NOT NULL UNIQUE,
    name              TEXT NOT NULL,
    from_name         TEXT NOT NULL,
    from_email        TEXT NOT NULL,
    notice_from_email TEXT NOT NULL DEFAULT '',
    reply_to          TEXT NOT NULL,
    postal_address    TEXT NOT NULL DEFAULT '',
    logo_url          TEXT NOT NULL DEFAULT '',
    color             TEXT NOT NULL DEFAULT '',
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);

CREATE TABLE segments (
    id         {{id}} PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    rules      TEXT NOT NULL, -- JSON
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE campaigns (
    id               {{id}} PRIMARY KEY,
    name             TEXT NOT NULL,
    topic_id         {{id}} NOT NULL REFERENCES topics (id),
    segment_key      TEXT,
    exclude_segments TEXT NOT NULL DEFAULT '[]', -- JSON: segment keys
    brand_key        TEXT NOT NULL DEFAULT '',
    subject          TEXT NOT NULL,
    preheader        TEXT NOT NULL DEFAULT '',
    blocks           TEXT NOT NULL, -- JSON
    status           TEXT NOT NULL CHECK (status IN ('draft', 'in_review', 'scheduled', 'sending', 'paused', 'finished', 'cancelled')),
    status_reason    TEXT NOT NULL DEFAULT '', -- why it is paused or cancelled
    scheduled_at     BIGINT, -- the first instant at which anything may leave
    local_time       TEXT NOT NULL DEFAULT '', -- wall clock at which it leaves in each recipient's zone
    send_window      TEXT NOT NULL DEFAULT '', -- such as 09:00-17:00
    rate             INTEGER NOT NULL DEFAULT 0, -- mails an hour, 0: no limit of its own
    expires_after    BIGINT NOT NULL DEFAULT 0, -- microseconds after the start, 0: never
    expires_at       BIGINT,
    cursor           TEXT NOT NULL DEFAULT '', -- everybody up to this subscriber has an outcome
    planned          BOOLEAN NOT NULL DEFAULT FALSE, -- the cursor has passed the last one
    total            BIGINT NOT NULL DEFAULT 0, -- everybody in its segment when it began
    author           TEXT NOT NULL DEFAULT '',
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    started_at       BIGINT,
    finished_at      BIGINT
);
CREATE INDEX campaigns_status ON campaigns (status, scheduled_at);
CREATE INDEX campaigns_created ON campaigns (created_at, id);

-- One campaign mail to one person, with the decision that it rests on.
CREATE TABLE deliveries (
    id            {{id}} PRIMARY KEY,
    campaign_id   {{id}} NOT NULL REFERENCES campaigns (id),
    subscriber_id {{id}} NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('claimed', 'sent', 'deferred', 'bounced', 'skipped', 'failed', 'uncertain')),
    reason        TEXT NOT NULL DEFAULT '',
    at            BIGINT NOT NULL, -- of the present status
    decided_at    BIGINT NOT NULL,
    basis         TEXT NOT NULL DEFAULT '',
    evidence      TEXT NOT NULL DEFAULT '',
    facts         TEXT NOT NULL DEFAULT '', -- what the gate was told
    worker        TEXT NOT NULL DEFAULT '', -- who holds the claim
    revoked_at    BIGINT, -- the person said stop while it was claimed
    attempts      INTEGER NOT NULL DEFAULT 0,
    due_at        BIGINT, -- when a deferred one is looked at again
    reply         TEXT NOT NULL DEFAULT '', -- the relay's last words
    bounced_at    BIGINT,
    complained_at BIGINT,
    unsubscribed_at BIGINT,
    UNIQUE (campaign_id, subscriber_id)
);
CREATE INDEX deliveries_subscriber ON deliveries (subscriber_id, at);
CREATE INDEX deliveries_deferred ON deliveries (campaign_id, due_at) WHERE status = 'deferred';
CREATE INDEX deliveries_claimed ON deliveries (worker, campaign_id) WHERE status = 'claimed';

-- How many deliveries of a campaign stand where, kept in the transactions that move them. The lane keeps writers apart.
CREATE TABLE tallies (
    campaign_id {{id}} NOT NULL,
    lane        INTEGER NOT NULL,
    outcome     TEXT NOT NULL, -- a delivery status, or bounced, complained, unsubscribed beside it
    reason      TEXT NOT NULL DEFAULT '',
    n           BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, lane, outcome, reason)
);

-- Transactional mail: one service message or notice to one person, sent at least once.
CREATE TABLE messages (
    id            {{id}} PRIMARY KEY,
    class         TEXT NOT NULL CHECK (class IN ('service', 'notice')),
    kind          TEXT NOT NULL, -- the template, or blocks
    obligation    TEXT NOT NULL DEFAULT '',
    basis         TEXT NOT NULL DEFAULT '',
    reference     TEXT NOT NULL DEFAULT '', -- the request that it answers, or the caller's own
    broadcast_id  {{id}}, -- the broadcast that it belongs to
    copy_of       {{id}}, -- the message that it is a copy of
    subscriber_id {{id}},
    email         TEXT NOT NULL,
    address_key   {{id}} NOT NULL,
    name          TEXT NOT NULL DEFAULT '',
    locale        TEXT NOT NULL DEFAULT '',
    brand_key     TEXT NOT NULL DEFAULT '',
    subject       TEXT NOT NULL DEFAULT '',
    content       TEXT NOT NULL DEFAULT '', -- JSON: blocks, or the data of the template
    attachments   TEXT NOT NULL DEFAULT '', -- JSON
    status        TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'deferred', 'bounced', 'unserved', 'cancelled')),
    reason        TEXT NOT NULL DEFAULT '',
    at            BIGINT NOT NULL, -- of the present status
    due_at        BIGINT, -- when a queued or deferred one is to be tried
    worker        TEXT NOT NULL DEFAULT '',
    attempts      INTEGER NOT NULL DEFAULT 0,
    facts         TEXT NOT NULL DEFAULT '',
    sent_at       BIGINT,
    sha256        TEXT NOT NULL DEFAULT '', -- of the exact bytes that were accepted
    message_id    TEXT NOT NULL DEFAULT '',
    relay         TEXT NOT NULL DEFAULT '',
    tls           TEXT NOT NULL DEFAULT '',
    reply         TEXT NOT NULL DEFAULT '',
    author        TEXT NOT NULL DEFAULT '',
    created_at    BIGINT NOT NULL
);
CREATE INDEX messages_due ON messages (due_at, id) WHERE status IN ('queued', 'deferred');
CREATE INDEX messages_sending ON messages (worker) WHERE status = 'sending';
CREATE INDEX messages_subscriber ON messages (subscriber_id, at);
CREATE INDEX messages_address ON messages (address_key, at);
CREATE INDEX messages_copies ON messages (copy_of) WHERE copy_of IS NOT NULL;
CREATE INDEX messages_created ON messages (created_at, id);
CREATE UNIQUE INDEX messages_broadcast ON messages (broadcast_id, address_key) WHERE broadcast_id IS NOT NULL;

CREATE TABLE message_attempts (
    message_id {{id}} NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    n          INTEGER NOT NULL,
    at         BIGINT NOT NULL,
    outcome    TEXT NOT NULL,
    code       INTEGER NOT NULL DEFAULT 0,
    reply      TEXT NOT NULL DEFAULT '',
    relay      TEXT NOT NULL DEFAULT '',
    tls        TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (message_id, n)
);

-- The mail as it was given to the relay, so that it can be shown again.
CREATE TABLE message_bytes (
    message_id {{id}} PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    raw        {{bytes}} NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX message_bytes_age ON message_bytes (at);

-- Processes that send. Claims of one that is not seen any more are settled by another.
CREATE TABLE workers (
    id      TEXT PRIMARY KEY,
    host    TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
