-- +goose Up

-- What a test of texts shows is read out of this index alone: of a large campaign a part of all rows took part, spread over the
-- whole table.
DROP INDEX deliveries_tested;
CREATE INDEX deliveries_tested ON deliveries (campaign_id, variant, tested, status, tracked, unsubscribed_at, complained_at) WHERE tested = TRUE;
