-- +goose Up

CREATE INDEX deliveries_tracked ON deliveries (campaign_id) WHERE tracked = TRUE;
