-- +goose Up

-- The newest blocks of one reason.
CREATE INDEX suppressions_reason ON suppressions (reason, created_at, id);

-- The beginning of somebody's name, or of the last one.
{{sqlite}}CREATE INDEX subscribers_name ON subscribers (lower(first_name || ' ' || last_name));
{{sqlite}}CREATE INDEX subscribers_last_name ON subscribers (lower(last_name));
{{postgres}}CREATE INDEX subscribers_name ON subscribers (lower((first_name || ' ' || last_name) COLLATE "C"));
{{postgres}}CREATE INDEX subscribers_last_name ON subscribers (lower((last_name) COLLATE "C"));
