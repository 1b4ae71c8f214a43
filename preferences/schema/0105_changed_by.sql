-- +goose Up

-- Who changed a draft last: that person does not approve it either.
ALTER TABLE campaigns ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';
