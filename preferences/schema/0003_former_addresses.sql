-- +goose Up

-- Addresses that a person had before, so that an erasure reaches what was kept under them.
CREATE TABLE former_addresses (
    subscriber_id {{id}} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    address_key   {{id}} NOT NULL,
    email         TEXT NOT NULL,
    until         BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, address_key)
);
