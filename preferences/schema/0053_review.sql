-- +goose Up

ALTER TABLE notice_broadcasts ADD COLUMN contract TEXT NOT NULL DEFAULT ''; -- customers whose attribute contract is this; empty: as segment_key says
ALTER TABLE notice_broadcasts ADD COLUMN refused_for TEXT NOT NULL DEFAULT ''; -- why the second person did not approve it

ALTER TABLE policy_versions ADD COLUMN draft BOOLEAN NOT NULL DEFAULT FALSE; -- its author works on it: nobody else sees it, and it takes no effect
