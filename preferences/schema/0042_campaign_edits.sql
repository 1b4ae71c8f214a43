-- +goose Up

-- Which version of a draft its editors see, and what one of them wrote that cannot be a campaign yet.
CREATE TABLE campaign_edits (
    campaign_id {{id}} PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
    version     BIGINT NOT NULL,
    form        TEXT NOT NULL DEFAULT '', -- JSON of the editor's form; empty: the campaign is all there is
    editor      TEXT NOT NULL DEFAULT '', -- who wrote last
    at          BIGINT NOT NULL,
    audited_at  BIGINT NOT NULL DEFAULT 0 -- when the audit log last said so
);
