-- +goose Up

-- What lists are narrowed to, in the order in which they are shown, so that the few that fit are not looked for among the many.

-- Mails of a campaign by what is shown of them: not those that were sent and stayed so, which every mail would have to write here.
CREATE INDEX deliveries_shown ON deliveries (campaign_id, (CASE WHEN status = 'sent' AND bounced_at IS NOT NULL THEN 'bounced' ELSE status END), subscriber_id)
WHERE status <> 'claimed' AND (status <> 'sent' OR bounced_at IS NOT NULL);

-- Notices, single ones apart from those of broadcasts.
DROP INDEX messages_single_status;
DROP INDEX messages_single_obligation;
CREATE INDEX messages_single_outcome ON messages (obligation, status, id) WHERE class = 'notice' AND broadcast_id IS NULL;
CREATE INDEX messages_broadcast_outcome ON messages (obligation, status, id) WHERE class = 'notice' AND broadcast_id IS NOT NULL;

-- What was sent with a form, and what of it is not handled yet.
DROP INDEX form_responses_form;
CREATE INDEX form_responses_form ON form_responses (form_id, id);
CREATE INDEX form_responses_open ON form_responses (form_id, id) WHERE handled_at IS NULL;

-- Registrations for an event.
CREATE INDEX event_registrations_event ON event_registrations (event_id, id);

-- Calls of a webhook, and the last that went wrong.
DROP INDEX webhook_calls_webhook;
CREATE INDEX webhook_calls_webhook ON webhook_calls (webhook_id, id);
CREATE INDEX webhook_calls_status ON webhook_calls (webhook_id, status, id);
CREATE INDEX webhook_calls_error ON webhook_calls (webhook_id, created_at) WHERE error <> '';

-- What came back, by the parts that it is shown in.
CREATE INDEX feedback_part ON feedback ((CASE WHEN kind <> 'bounce' THEN kind WHEN class IN ('soft', 'full') THEN 'soft' WHEN class IN ('policy', 'spam') THEN 'policy' ELSE class END), at, id);
