-- +goose Up
-- Who changed what. Rows are only ever added, and the contents of rows about an erased person are dropped.
CREATE TABLE audit_log (
    id            {{id}} PRIMARY KEY,
    at            BIGINT NOT NULL,
    actor_kind    TEXT NOT NULL,
    actor_id      TEXT NOT NULL,
    actor_name    TEXT NOT NULL,
    actor_user_id TEXT NOT NULL,
    ip            TEXT NOT NULL,
    action        {{id}} NOT NULL,
    object        {{id}} NOT NULL,
    before        TEXT,
    after         TEXT
);
CREATE INDEX audit_log_at ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_object ON audit_log (object, at DESC, id DESC);
CREATE INDEX audit_log_actor ON audit_log (actor_id, at DESC, id DESC);

-- People who sign in.
CREATE TABLE staff_users (
    id              {{id}} PRIMARY KEY,
    email           TEXT NOT NULL,
    email_key       TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    roles           TEXT NOT NULL, -- names with a space between
    locale          TEXT NOT NULL DEFAULT '',
    password        TEXT NOT NULL, -- argon2id in PHC form; empty: no password
    totp_seed       TEXT NOT NULL DEFAULT '', -- empty: not asked for
    totp_step       BIGINT NOT NULL DEFAULT 0, -- of the last code that was used
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    signed_in_at    BIGINT,
    disabled_at     BIGINT
);

CREATE TABLE staff_sessions (
    id         {{id}} PRIMARY KEY,
    token      {{bytes}} NOT NULL UNIQUE, -- SHA-256
    user_id    {{id}} NOT NULL REFERENCES staff_users (id),
    factors    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ip         TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX staff_sessions_user ON staff_sessions (user_id);
CREATE INDEX staff_sessions_expiry ON staff_sessions (expires_at);

-- One-time links: the first administrator's, and those with which a person sets a password.
CREATE TABLE staff_links (
    token      {{bytes}} PRIMARY KEY,
    purpose    TEXT NOT NULL,
    user_id    {{id}} REFERENCES staff_users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

-- Sign-ins and ceremonies that are under way: a password was right and the second factor is awaited, and the like.
CREATE TABLE staff_challenges (
    token      {{bytes}} PRIMARY KEY,
    purpose    TEXT NOT NULL,
    user_id    {{id}} REFERENCES staff_users (id),
    data       TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX staff_challenges_expiry ON staff_challenges (expires_at);

CREATE TABLE staff_recovery_codes (
    user_id {{id}} NOT NULL REFERENCES staff_users (id),
    code    {{bytes}} NOT NULL,
    PRIMARY KEY (user_id, code)
);

CREATE TABLE staff_passkeys (
    id            {{id}} PRIMARY KEY,
    user_id       {{id}} NOT NULL REFERENCES staff_users (id),
    credential_id {{bytes}} NOT NULL UNIQUE,
    credential    TEXT NOT NULL,
    name          TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    used_at       BIGINT
);
CREATE INDEX staff_passkeys_user ON staff_passkeys (user_id);

-- Accounts at an OpenID Connect provider.
CREATE TABLE staff_identities (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    {{id}} NOT NULL REFERENCES staff_users (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX staff_identities_user ON staff_identities (user_id);

-- Sign-ins, failures and changes to the ways of signing in.
CREATE TABLE staff_security_log (
    id         {{id}} PRIMARY KEY,
    at         BIGINT NOT NULL,
    user_id    {{id}} NOT NULL,
    event      {{id}} NOT NULL,
    ip         TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    detail     TEXT NOT NULL
);
CREATE INDEX staff_security_log_at ON staff_security_log (at DESC, id DESC);
CREATE INDEX staff_security_log_user ON staff_security_log (user_id, at DESC, id DESC);

CREATE TABLE staff_keys (
    id           {{id}} PRIMARY KEY,
    name         TEXT NOT NULL,
    hash         {{bytes}} NOT NULL UNIQUE,
    scopes       TEXT NOT NULL,
    user_id      {{id}} REFERENCES staff_users (id),
    fixed        BOOLEAN NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);
