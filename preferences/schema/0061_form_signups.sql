-- +goose Up

-- Who signed up with which form for which topic, so that staff see how many did and how many are on. Without a topic: nothing was
-- ticked. It goes with the person.
CREATE TABLE form_signups (
    form_id       {{id}} NOT NULL REFERENCES forms (id),
    subscriber_id {{id}} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    topic_key     TEXT NOT NULL,
    at            BIGINT NOT NULL,
    PRIMARY KEY (form_id, subscriber_id, topic_key)
);
CREATE INDEX form_signups_subscriber ON form_signups (subscriber_id);
