-- +goose Up

-- Who came.
ALTER TABLE event_registrations ADD COLUMN attended_at BIGINT;
