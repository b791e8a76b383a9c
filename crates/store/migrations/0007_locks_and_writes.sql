-- Every ticket that waited or held. Who holds what now is in the state; this is what was. A ticket whose session is over is
-- over with it, though no entry of its own says so: see the session.
CREATE TABLE locks (
    ticket     TEXT   PRIMARY KEY,
    holder     TEXT   NOT NULL,
    wants      TEXT   NOT NULL,
    priority   TEXT   NOT NULL,
    intent     TEXT,
    asked_at   BIGINT NOT NULL,
    granted_at BIGINT,
    token      BIGINT,
    over_at    BIGINT,
    over_how   TEXT
);
CREATE INDEX locks_by_holder ON locks (holder, ticket);

-- Who ever held a resource, with the newest token each of them had for it.
CREATE TABLE lock_holders (
    resource TEXT   NOT NULL,
    holder   TEXT   NOT NULL,
    ticket   TEXT   NOT NULL,
    token    BIGINT NOT NULL,
    PRIMARY KEY (resource, holder)
) {WITHOUT_ROWID};

-- Which session changed which resource, from what to what.
CREATE TABLE writes (
    position BIGINT PRIMARY KEY,
    resource TEXT   NOT NULL,
    session  TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    before   TEXT,
    after    TEXT,
    intent   TEXT
);
CREATE INDEX writes_by_resource ON writes (resource, position);

-- What changed, in short. It is somebody's text, so it is in no entry, and it is kept for a while only.
CREATE TABLE diffs (
    session  TEXT   NOT NULL,
    resource TEXT   NOT NULL,
    after    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    diff     TEXT   NOT NULL,
    PRIMARY KEY (session, resource, after)
);
CREATE INDEX diffs_by_time ON diffs (at);
