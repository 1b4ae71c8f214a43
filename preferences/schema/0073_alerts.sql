-- +goose Up

-- What a campaign had done when somebody resumed it: its rates are judged from there on.
CREATE TABLE campaign_windows (
    campaign_id {{id}} PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
    at          BIGINT NOT NULL,
    sent        BIGINT NOT NULL,
    bounced     BIGINT NOT NULL,
    complained  BIGINT NOT NULL
);

-- What was told to the staff about campaigns: rates that harm the sender's name.
CREATE TABLE alerts (
    id          {{id}} PRIMARY KEY,
    campaign_id {{id}} NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,   -- complaints, bounces, deferrals
    level       TEXT NOT NULL,   -- alert, stop
    domain      TEXT NOT NULL,   -- of the recipients, for deferrals; else ''
    window_at   BIGINT NOT NULL, -- since when was counted
    at          BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    total       BIGINT NOT NULL,
    until       BIGINT,          -- how long mails to the domain wait
    UNIQUE (campaign_id, kind, level, domain, window_at)
);
CREATE INDEX alerts_at ON alerts (at);
