-- +goose Up

-- Pictures of mails, named by what is in them. A mail that was sent shows its pictures for ever.
CREATE TABLE media (
    hash       TEXT PRIMARY KEY, -- SHA-256 of body, in hexadecimal
    extension  TEXT NOT NULL CHECK (extension IN ('png', 'jpg', 'gif')),
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    name       TEXT NOT NULL,
    alt        TEXT NOT NULL DEFAULT '', -- empty: decoration
    author     TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    body       {{bytes}} NOT NULL
);
CREATE INDEX media_created ON media (created_at, hash);
