-- +goose Up

CREATE TABLE forms (
    id          {{id}} PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL CHECK (kind IN ('newsletter', 'download', 'contact', 'demo', 'survey')),
    definition  TEXT NOT NULL, -- JSON: names, topics, document, questions …
    archived_at BIGINT,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- The texts beside the boxes of a form as they were shown in a language, so that a consent can be proved with the very
-- words, whatever the form says today. Rows are never changed.
CREATE TABLE form_wordings (
    form_id    {{id}} NOT NULL REFERENCES forms (id),
    version    TEXT NOT NULL, -- the beginning of a SHA-256 over language and texts
    locale     TEXT NOT NULL,
    texts      TEXT NOT NULL, -- JSON: topic key to text
    created_at BIGINT NOT NULL,
    PRIMARY KEY (form_id, version)
);

-- What was sent with a form and is not yet worked off. A row lives for milliseconds, unless the process dies.
CREATE TABLE form_submissions (
    id          {{id}} PRIMARY KEY,
    form_id     {{id}} NOT NULL REFERENCES forms (id),
    address_key {{id}} NOT NULL,
    content     TEXT NOT NULL, -- JSON
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_at      BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX form_submissions_due ON form_submissions (due_at, id);
CREATE INDEX form_submissions_address ON form_submissions (address_key);

-- Answers to contact, demo, survey and download forms, for the staff.
CREATE TABLE form_responses (
    id            {{id}} PRIMARY KEY,
    form_id       {{id}} NOT NULL REFERENCES forms (id),
    subscriber_id {{id}} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    answers       TEXT NOT NULL, -- JSON
    locale        TEXT NOT NULL,
    handled_at    BIGINT,
    handled_by    TEXT NOT NULL DEFAULT '',
    created_at    BIGINT NOT NULL
);
CREATE INDEX form_responses_form ON form_responses (form_id, created_at, id);
CREATE INDEX form_responses_subscriber ON form_responses (subscriber_id);

-- Mails that a form caused, by keyed fingerprint of the mailbox, so that nobody is buried under them. Kept for some days.
CREATE TABLE form_mails (
    fingerprint   {{bytes}} NOT NULL,
    form_id       {{id}} NOT NULL,
    subscriber_id {{id}} NOT NULL,
    kind          TEXT NOT NULL,
    at            BIGINT NOT NULL
);
CREATE INDEX form_mails_mailbox ON form_mails (fingerprint, at);
CREATE INDEX form_mails_age ON form_mails (at);
