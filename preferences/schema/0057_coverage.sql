-- +goose Up

-- People of a broadcast by outcome, in order, however many there are.
DROP INDEX messages_broadcast_status;
CREATE INDEX messages_broadcast_status ON messages (broadcast_id, status, id) WHERE broadcast_id IS NOT NULL;

-- The last acceptance of a broadcast, and those that came too late.
CREATE INDEX messages_broadcast_sent ON messages (broadcast_id, sent_at) WHERE broadcast_id IS NOT NULL AND status = 'sent';

-- Single notices by status and by obligation.
CREATE INDEX messages_single_status ON messages (status, id) WHERE class = 'notice' AND broadcast_id IS NULL;
CREATE INDEX messages_single_obligation ON messages (obligation, id) WHERE class = 'notice' AND broadcast_id IS NULL;
