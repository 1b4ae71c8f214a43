-- +goose Up

-- One notice to everybody whom a change affects.
CREATE TABLE notice_broadcasts (
    id             {{id}} PRIMARY KEY,
    obligation     TEXT NOT NULL,
    basis          TEXT NOT NULL,
    jurisdiction   TEXT NOT NULL DEFAULT '', -- a stricter rule that its author asked for
    lead           TEXT NOT NULL, -- least time from the acceptance of the mail to the change, ISO 8601
    segment_key    TEXT NOT NULL DEFAULT '', -- empty: all customers
    effective_at   BIGINT NOT NULL,
    policy_slug    TEXT NOT NULL DEFAULT '',
    policy_version TEXT NOT NULL DEFAULT '',
    brand_key      TEXT NOT NULL DEFAULT '',
    locale         TEXT NOT NULL DEFAULT '', -- of subject and blocks; empty: not told
    subject        TEXT NOT NULL,
    blocks         TEXT NOT NULL, -- JSON
    translations   TEXT NOT NULL, -- JSON: language to subject and blocks
    status         TEXT NOT NULL CHECK (status IN ('in_review', 'scheduled', 'sending', 'finished', 'cancelled')),
    author         TEXT NOT NULL, -- the person behind it: whoever approves must be another
    author_name    TEXT NOT NULL,
    approver       TEXT NOT NULL DEFAULT '',
    approver_name  TEXT NOT NULL DEFAULT '',
    approved_at    BIGINT,
    started_at     BIGINT,
    finished_at    BIGINT,
    total          BIGINT NOT NULL DEFAULT 0, -- people in the audience when it began
    trial          BIGINT NOT NULL DEFAULT 0, -- how many of them get it first; 0: everybody may get it
    cursor         {{id}} NOT NULL DEFAULT '', -- the last subscriber of the audience who has a message
    planned_at     BIGINT, -- everybody of the audience has a message
    swept_at       BIGINT, -- when people who came later were last looked for
    reached_at     BIGINT, -- the last acceptance among the people of the audience, once all of them had an outcome
    held_at        BIGINT, -- the brake stopped it
    held_for       TEXT NOT NULL DEFAULT '',
    brake_sent     BIGINT NOT NULL DEFAULT 0, -- counts when somebody let it go on, from which the brake counts anew
    brake_bounced  BIGINT NOT NULL DEFAULT 0,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
CREATE INDEX notice_broadcasts_status ON notice_broadcasts (status, id);
CREATE INDEX notice_broadcasts_policy ON notice_broadcasts (policy_slug, policy_version) WHERE policy_slug <> '';

-- People whom a broadcast did not reach by mail and who got it by other means.
CREATE TABLE notice_served (
    message_id   {{id}} PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    broadcast_id {{id}} NOT NULL,
    channel      TEXT NOT NULL CHECK (channel IN ('post', 'phone', 'other')),
    served_on    TEXT NOT NULL, -- YYYY-MM-DD
    note         TEXT NOT NULL DEFAULT '',
    actor        TEXT NOT NULL,
    at           BIGINT NOT NULL
);
CREATE INDEX notice_served_broadcast ON notice_served (broadcast_id, served_on);

ALTER TABLE messages ADD COLUMN give_up_at BIGINT; -- until when it is tried; NULL: some days

-- One message for each person of a broadcast. An address may pass from one person to another meanwhile, so it does not count.
DROP INDEX messages_broadcast;
CREATE UNIQUE INDEX messages_broadcast_person ON messages (broadcast_id, subscriber_id) WHERE broadcast_id IS NOT NULL;
CREATE INDEX messages_broadcast ON messages (broadcast_id, id) WHERE broadcast_id IS NOT NULL;
CREATE INDEX messages_broadcast_status ON messages (broadcast_id, status) WHERE broadcast_id IS NOT NULL;
