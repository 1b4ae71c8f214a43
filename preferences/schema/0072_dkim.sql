-- +goose Up

-- Keys with which mail is signed (DKIM), each an RSA key and, beside it, an Ed25519 key under SELECTORe. Private halves are sealed
-- with a key derived from ASSENT_SECRETS.
CREATE TABLE dkim_keys (
    id             {{id}} PRIMARY KEY,
    stream         TEXT NOT NULL,
    domain         TEXT NOT NULL,
    selector       TEXT NOT NULL,
    rsa_private    TEXT NOT NULL, -- '' once it is retired: what was signed needs the public half alone
    ed_private     TEXT NOT NULL,
    rsa_public     TEXT NOT NULL, -- text of the DNS record
    ed_public      TEXT NOT NULL,
    switch_on_seen BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    looked_at      BIGINT,
    fault          TEXT NOT NULL, -- what the last look at DNS found wrong
    seen_at        BIGINT,        -- in DNS, as it should be
    active_at      BIGINT,
    retired_at     BIGINT,
    UNIQUE (domain, selector)
);
CREATE UNIQUE INDEX dkim_keys_active ON dkim_keys (stream, domain) WHERE active_at IS NOT NULL AND retired_at IS NULL;
