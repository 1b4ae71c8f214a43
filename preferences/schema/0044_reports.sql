-- +goose Up

-- The outcomes of a campaign by the minute in which they came to be, for what its report shows over time.
CREATE TABLE tally_minutes (
    campaign_id {{id}} NOT NULL,
    minute      BIGINT NOT NULL, -- since 1970
    outcome     TEXT NOT NULL, -- as in tallies
    lane        INTEGER NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, minute, outcome, lane)
);

-- Who let it go, if it was looked at by a second person.
ALTER TABLE campaigns ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE campaigns ADD COLUMN approved_at BIGINT;
CREATE INDEX campaigns_started ON campaigns (started_at) WHERE started_at IS NOT NULL;
