-- name: put
INSERT INTO party (entity, id, content, salt, digest, stored_at)
VALUES (%(entity)s, %(id)s, %(content)s, %(salt)s, %(digest)s, %(stored_at)s);

-- name: get
-- The latest content under an id, or the one a fact's digest names.
SELECT content, salt, digest
  FROM party
 WHERE entity = %(entity)s AND id = %(id)s AND content IS NOT NULL
   AND (%(digest)s::bytea IS NULL OR digest = %(digest)s)
 ORDER BY stored_at DESC, digest
 LIMIT 1;

-- name: erase
-- The digest stays, as facts hold it; without salt and content it says nothing.
UPDATE party
   SET content = NULL, salt = NULL, erased_at = %(erased_at)s
 WHERE entity = %(entity)s AND id = %(id)s AND content IS NOT NULL;
