-- The log. {POSITION} is the one word that differs between the engines: see src/migrate.rs.
CREATE TABLE entries (
    position  {POSITION},
    time      BIGINT NOT NULL,
    type      TEXT   NOT NULL,
    session   TEXT,
    developer TEXT,
    actor     TEXT   NOT NULL,
    bytes     BYTEA  NOT NULL,
    leaf      TEXT   NOT NULL
);
-- Calls are nearly all of the log and are found through their own table: an index entry for each of theirs would touch
-- a page per session in every append, which costs as much as all the rest of it.
CREATE INDEX entries_by_session ON entries (session, position)
    WHERE session IS NOT NULL AND type <> 'call.reserved' AND type <> 'call.settled';

-- The folded state, a disposable cache.
CREATE TABLE snapshots (
    format BIGINT NOT NULL,
    next   BIGINT NOT NULL,
    state  BYTEA  NOT NULL,
    PRIMARY KEY (format, next)
);

-- Beats: rows, not entries.
CREATE TABLE beats (
    session TEXT   PRIMARY KEY,
    at      BIGINT NOT NULL
);
CREATE INDEX beats_by_time ON beats (at);
CREATE TABLE node_beats (
    node    TEXT   PRIMARY KEY,
    at      BIGINT NOT NULL,
    version TEXT   NOT NULL
);

-- Sealed keys.
CREATE TABLE secrets (
    name  TEXT  PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Names and password hashes: outside the log, so that they can be erased.
CREATE TABLE people (
    developer     TEXT PRIMARY KEY,
    display_name  TEXT NOT NULL,
    login_name    TEXT NOT NULL,
    password_hash TEXT NOT NULL
);

-- Read tables, maintained from the entries in the transaction that appends them. Times are Unix milliseconds,
-- money is nano-dollars, digests are hexadecimal.
CREATE TABLE developers (
    id       TEXT   PRIMARY KEY,
    login    TEXT   NOT NULL UNIQUE,
    roles    TEXT   NOT NULL,
    disabled BIGINT NOT NULL
);
CREATE TABLE teams (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
);
CREATE TABLE projects (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE sessions (
    id         TEXT   PRIMARY KEY,
    parent     TEXT,
    developer  TEXT   NOT NULL,
    project    TEXT,
    team       TEXT,
    profile    TEXT   NOT NULL,
    token      TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    beats      BIGINT NOT NULL,
    budget     BIGINT,
    status     TEXT   NOT NULL,
    over_at    BIGINT,
    over_how   TEXT
);
CREATE UNIQUE INDEX sessions_by_token ON sessions (token);
CREATE INDEX sessions_by_developer ON sessions (developer, id);
CREATE INDEX sessions_by_project ON sessions (project, id);
CREATE INDEX sessions_live ON sessions (id) WHERE over_at IS NULL;

CREATE TABLE calls (
    id                    TEXT   PRIMARY KEY,
    session               TEXT   NOT NULL,
    developer             TEXT   NOT NULL,
    project               TEXT,
    team                  TEXT,
    model                 TEXT   NOT NULL,
    node                  TEXT   NOT NULL,
    reserved_at           BIGINT NOT NULL,
    hold                  BIGINT NOT NULL,
    client_session        TEXT,
    agent                 TEXT,
    user_agent            TEXT,
    request               TEXT,
    reserved_position     BIGINT NOT NULL,
    settled_at            BIGINT,
    settled_position      BIGINT,
    outcome               TEXT,
    cost                  BIGINT,
    list                  BIGINT,
    quality               TEXT,
    unpriced              BIGINT,
    model_served          TEXT,
    status                BIGINT,
    upstream              TEXT,
    upstream_request      TEXT,
    input_tokens          BIGINT,
    cache_write_5m_tokens BIGINT,
    cache_write_1h_tokens BIGINT,
    cache_read_tokens     BIGINT,
    output_tokens         BIGINT,
    web_searches          BIGINT
);
CREATE INDEX calls_by_session ON calls (session, id);
CREATE INDEX calls_by_time ON calls (reserved_at);
CREATE INDEX calls_open ON calls (id) WHERE settled_at IS NULL;

-- Sums of calls. A call counts from its reservation, in the hour of its reservation.
-- No project and no team are '', so that the key is total.
CREATE TABLE cost_hourly (
    hour                  BIGINT NOT NULL,
    developer             TEXT   NOT NULL,
    project               TEXT   NOT NULL,
    team                  TEXT   NOT NULL,
    model                 TEXT   NOT NULL,
    calls                 BIGINT NOT NULL,
    cost                  BIGINT NOT NULL,
    list                  BIGINT NOT NULL,
    held                  BIGINT NOT NULL,
    estimated             BIGINT NOT NULL,
    unpriced              BIGINT NOT NULL,
    input_tokens          BIGINT NOT NULL,
    cache_write_5m_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL,
    cache_read_tokens     BIGINT NOT NULL,
    output_tokens         BIGINT NOT NULL,
    web_searches          BIGINT NOT NULL,
    PRIMARY KEY (hour, developer, project, team, model)
);
CREATE TABLE session_cost (
    session               TEXT   PRIMARY KEY,
    calls                 BIGINT NOT NULL,
    cost                  BIGINT NOT NULL,
    list                  BIGINT NOT NULL,
    held                  BIGINT NOT NULL,
    estimated             BIGINT NOT NULL,
    unpriced              BIGINT NOT NULL,
    input_tokens          BIGINT NOT NULL,
    cache_write_5m_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL,
    cache_read_tokens     BIGINT NOT NULL,
    output_tokens         BIGINT NOT NULL,
    web_searches          BIGINT NOT NULL
);
