-- Traces that sessions left in other systems, each under the name that system gives it. {WITHOUT_ROWID} is empty on
-- PostgreSQL: on SQLite it makes the key the table itself, which halves what a call's trace costs.
CREATE TABLE artifacts (
    value    TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    session  TEXT   NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (value, kind, session)
) {WITHOUT_ROWID};
-- Those of model calls are nearly all and are found through the calls.
CREATE INDEX artifacts_by_session ON artifacts (session, position) WHERE kind <> 'upstream_request';

-- Sessions that stand for sub-agents of the one above.
ALTER TABLE sessions ADD COLUMN agent TEXT;
CREATE INDEX sessions_by_parent ON sessions (parent) WHERE parent IS NOT NULL;

-- Full tiles of the Merkle tree, 256 hashes each, with the hash of the subtree they cover. The partial ones at the
-- right edge are made from the rows below them.
CREATE TABLE tiles (
    level  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    root   BYTEA  NOT NULL,
    hashes BYTEA  NOT NULL,
    PRIMARY KEY (level, number)
);

-- Signed statements of the whole log's root, the newest few.
CREATE TABLE checkpoints (
    size BIGINT PRIMARY KEY,
    at   BIGINT NOT NULL,
    note TEXT   NOT NULL
);
