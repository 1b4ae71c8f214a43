-- +goose Up

-- Stretches of a campaign's audience that were set apart for claims: the people after "after", up to and with "upto". One claim
-- works on a stretch at a time and holds its row meanwhile; it is gone when everybody in it has an outcome. The campaign's
-- cursor is the end of the last one.
CREATE TABLE campaign_slices (
    campaign_id {{id}} NOT NULL,
    upto        {{id}} NOT NULL,
    after       {{id}} NOT NULL,
    PRIMARY KEY (campaign_id, upto)
);

-- Campaigns with deliveries are never removed. The check costs a look-up and a lock for each mail.
{{postgres}}ALTER TABLE deliveries DROP CONSTRAINT deliveries_campaign_id_fkey;
