-- +goose Up

-- Mailboxes that are fetched over IMAP: whose turn it is, and how the last visit went.
CREATE TABLE visits (
    source     TEXT PRIMARY KEY, -- host and folder, no user and no password
    holder     TEXT NOT NULL,    -- the process that visits just now, '' between visits
    held_until BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    last_at    BIGINT,           -- the end of the last visit
    good_at    BIGINT,           -- the end of the last visit without a fault
    fails      INTEGER NOT NULL, -- faults since then
    fault      TEXT NOT NULL,
    mails      BIGINT NOT NULL   -- in all
);
