-- +goose Up

-- Test mails that Assent sent to its own signed addresses, until they are looked at. They are about nobody.
CREATE TABLE probes (
    id      {{id}} PRIMARY KEY,
    stream  TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    came_at BIGINT,   -- NULL until it comes back
    raw     {{bytes}} -- its beginning, as it came
);
