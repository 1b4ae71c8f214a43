-- +goose Up

-- After a rotation both secrets sign for a day, so that the other side can change over.
ALTER TABLE webhooks ADD COLUMN old_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN rotated_at BIGINT;
