-- +goose Up

CREATE TABLE policies (
    id         {{id}} PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    names      TEXT NOT NULL, -- JSON: language to name
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE policy_versions (
    id             {{id}} PRIMARY KEY,
    policy_id      {{id}} NOT NULL REFERENCES policies (id),
    version        TEXT NOT NULL,
    effective_at   BIGINT NOT NULL, -- as its author wants it
    affects_rights BOOLEAN NOT NULL,
    bodies         TEXT NOT NULL, -- JSON: language to Markdown
    announced_at   BIGINT, -- its broadcast was approved: the text stands from then on
    in_effect_at   BIGINT, -- seen to be in effect, and since when; it stays so
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    UNIQUE (policy_id, version)
);
