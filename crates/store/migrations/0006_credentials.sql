-- Brokers as they are configured now, without their secrets.
CREATE TABLE brokers (
    name     TEXT   PRIMARY KEY,
    kind     TEXT   NOT NULL,
    settings TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    is_on    BIGINT NOT NULL
);
-- Their secrets, sealed; no entry says what is in them.
CREATE TABLE broker_secrets (
    broker TEXT  PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- Every credential that was ever decided.
CREATE TABLE credentials (
    id           TEXT   PRIMARY KEY,
    session      TEXT   NOT NULL,
    sequence     BIGINT NOT NULL,
    project      TEXT   NOT NULL,
    broker       TEXT   NOT NULL,
    target       TEXT   NOT NULL,
    granted_to   TEXT,
    scope        TEXT   NOT NULL,
    public_key   TEXT,
    requested_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    issued_at    BIGINT,
    names        TEXT,
    stalled      TEXT,
    over_at      BIGINT,
    over_how     TEXT
);
CREATE INDEX credentials_by_session ON credentials (session, id);
CREATE INDEX credentials_by_broker ON credentials (broker, id);
CREATE INDEX credentials_alive ON credentials (id) WHERE over_at IS NULL;
-- What a list of revoked certificates is made from.
CREATE INDEX credentials_over ON credentials (broker, expires_at) WHERE over_at IS NOT NULL;
-- What ends a credential, sealed; gone once it is dead.
CREATE TABLE credential_handles (
    credential TEXT  PRIMARY KEY,
    sealed     BYTEA NOT NULL
);
-- Revocations that failed so far: rows, not entries.
CREATE TABLE revocations (
    credential TEXT   PRIMARY KEY,
    attempts   BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    error      TEXT   NOT NULL
);
