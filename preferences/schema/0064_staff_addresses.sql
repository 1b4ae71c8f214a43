-- +goose Up
-- The new address that a link confirms; empty for links that choose a password.
ALTER TABLE staff_links ADD COLUMN email TEXT NOT NULL DEFAULT '';
