-- name: keep_first_key
-- The first start makes a key; two first starts at once make one, by the primary key.
INSERT INTO api_key (name, digest, role, created_at)
SELECT %(name)s, %(digest)s, %(role)s, %(created_at)s
 WHERE NOT EXISTS (SELECT FROM api_key)
ON CONFLICT (name) DO NOTHING;

-- name: replace_key
-- The old key is no key any more from here on.
INSERT INTO api_key (name, digest, role, created_at)
VALUES (%(name)s, %(digest)s, %(role)s, %(created_at)s)
ON CONFLICT (name)
DO UPDATE SET digest = excluded.digest, created_at = excluded.created_at, revoked_at = NULL;

-- name: holder
SELECT name, role
  FROM api_key
 WHERE digest = %(digest)s AND revoked_at IS NULL;
