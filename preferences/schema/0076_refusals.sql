-- +goose Up

-- Refusals by policy that came back, by campaign: a brake counts them.
CREATE INDEX feedback_refusals ON feedback (source_id, at) WHERE effect = 'brake';
