-- +goose Up

-- The list of single notices: it does not walk through the many of a broadcast.
CREATE INDEX messages_single ON messages (id) WHERE class = 'notice' AND broadcast_id IS NULL;
