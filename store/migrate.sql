-- name: take_lock
-- Concurrent first starts queue here. Of the session, not of a transaction: each file has its own.
SELECT pg_advisory_lock(%(key)s);

-- name: release_lock
SELECT pg_advisory_unlock(%(key)s);

-- name: create_table
-- What ran, with the digest of its text as it was then. Operational: it says nothing about the books.
CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: applied
-- Names start with four digits, so the order of names is the order of application.
SELECT name, sha256
  FROM schema_migration
 ORDER BY name COLLATE "C";

-- name: record
INSERT INTO schema_migration (name, sha256)
VALUES (%(name)s, %(sha256)s);
