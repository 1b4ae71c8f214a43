-- +goose Up
-- What happened lately, over all campaigns.
CREATE INDEX tally_minutes_minute ON tally_minutes (minute, outcome);
