-- +goose Up

-- How much marketing and research mail left on each day of a warm-up.
CREATE TABLE sending_days (
    day TEXT PRIMARY KEY, -- YYYY-MM-DD in UTC
    n   BIGINT NOT NULL
);
