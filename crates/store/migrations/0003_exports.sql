-- How far each configured export has read the log, and which process delivers for it now.
CREATE TABLE export_cursors (
    name       TEXT   PRIMARY KEY,
    next       BIGINT NOT NULL,
    holder     TEXT,
    held_until BIGINT NOT NULL,
    last_error TEXT,
    last_at    BIGINT
);
-- Entries that an export gave up on. One that is due is tried once more.
CREATE TABLE export_dead (
    name     TEXT   NOT NULL,
    position BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    error    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    PRIMARY KEY (name, position)
);
CREATE INDEX export_dead_due ON export_dead (name, position) WHERE due = 1;
