-- +goose Up

-- Confirmation mails that were asked for, so that nobody is bombed with them.
CREATE TABLE confirmations (
    message_id    {{id}} PRIMARY KEY,
    subscriber_id {{id}} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    address_key   {{id}} NOT NULL,
    at            BIGINT NOT NULL
);
CREATE INDEX confirmations_address ON confirmations (address_key, at);
CREATE INDEX confirmations_subscriber ON confirmations (subscriber_id);
