-- +goose Up

-- What examinations of the installation found. Whoever looks at the page sees the last one; older ones are trimmed.
CREATE TABLE examinations (
    id       {{id}} PRIMARY KEY,
    began_at BIGINT NOT NULL,
    ended_at BIGINT,        -- NULL while it runs, and for ever if its process ended first
    checks   TEXT NOT NULL, -- JSON, as assent doctor --json prints it
    fault    TEXT NOT NULL
);
CREATE INDEX examinations_began ON examinations (began_at);
