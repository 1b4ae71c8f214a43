-- +goose Up

ALTER TABLE campaigns ADD COLUMN approved_name TEXT NOT NULL DEFAULT ''; -- as it was then
ALTER TABLE campaigns ADD COLUMN track_clicks BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE campaigns ADD COLUMN ab_test TEXT NOT NULL DEFAULT ''; -- JSON: the other variants, the share, how the winner is found
ALTER TABLE campaigns ADD COLUMN ab_state TEXT NOT NULL DEFAULT ''; -- JSON: where the test stands, and what it found

-- Which text a person got (0: there was no choice), whether to find the better one, and whether their clicks are counted.
ALTER TABLE deliveries ADD COLUMN variant INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN tested BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE deliveries ADD COLUMN tracked BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX deliveries_tested ON deliveries (campaign_id, variant) WHERE tested = TRUE;

-- Where the counted links of a campaign lead. A click names the row, so that it can lead nowhere else.
CREATE TABLE campaign_links (
    id          {{id}} PRIMARY KEY,
    campaign_id {{id}} NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    url         TEXT NOT NULL,
    UNIQUE (campaign_id, url)
);

-- Who clicked, of those who agreed to it, so that each counts once. They are removed when the agreement is taken back, and
-- when clicks are not counted any more; the counts stay.
CREATE TABLE click_marks (
    campaign_id   {{id}} NOT NULL,
    subscriber_id {{id}} NOT NULL,
    link_id       {{id}} NOT NULL,
    at            BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, subscriber_id, link_id)
);
CREATE INDEX click_marks_subscriber ON click_marks (subscriber_id);
CREATE INDEX click_marks_age ON click_marks (at);
