-- Names and e-mail addresses, sealed under a key per person that is not in the database. `login` is a keyed digest of
-- the sign-in name; that key is not here either. The table `people` of the first version held them in the clear: its
-- rows are sealed into this one at the first start, by src/person/plain.rs.
CREATE TABLE persons (
    developer     TEXT  PRIMARY KEY,
    login         TEXT  NOT NULL UNIQUE,
    sealed        BYTEA NOT NULL,
    password_hash TEXT  NOT NULL
);

-- The same without the digest of the sign-in name, which would outlive the person.
CREATE TABLE developers_pseudonymous (
    id        TEXT   PRIMARY KEY,
    roles     TEXT   NOT NULL,
    disabled  BIGINT NOT NULL,
    erased_at BIGINT
);
INSERT INTO developers_pseudonymous (id, roles, disabled) SELECT id, roles, disabled FROM developers;
DROP TABLE developers;
ALTER TABLE developers_pseudonymous RENAME TO developers;
