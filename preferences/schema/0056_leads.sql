-- +goose Up

-- The calendar in which the lead time of a broadcast is counted beside UTC's: the later end holds.
ALTER TABLE notice_broadcasts ADD COLUMN timezone TEXT NOT NULL DEFAULT 'UTC';

-- Messages of a broadcast that wait for their turn.
CREATE INDEX messages_resting ON messages (broadcast_id, id) WHERE status = 'queued' AND due_at IS NULL;
