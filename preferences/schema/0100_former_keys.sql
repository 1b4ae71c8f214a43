-- +goose Up

-- Whose an address was before, when a row of a file or a form brings it.
CREATE INDEX former_addresses_key ON former_addresses (address_key);
