-- name: put
INSERT INTO party (entity, id, content, salt, digest, stored_at)
VALUES (%(entity)s, %(id)s, %(content)s, %(salt)s, %(digest)s, %(stored_at)s);

-- name: erase
-- The digest stays, as facts hold it; without salt and content it says nothing.
UPDATE party
   SET content = NULL, salt = NULL, erased_at = %(erased_at)s
 WHERE entity = %(entity)s AND id = %(id)s AND content IS NOT NULL;

-- name: look_up
-- For each id the latest content, or the one that a fact's digest names; and whether what is asked for was
-- there and is erased.
SELECT wanted.place, found.content, found.salt, found.digest,
       EXISTS (SELECT FROM party gone
                WHERE gone.entity = %(entity)s AND gone.id = wanted.id AND gone.erased_at IS NOT NULL
                  AND (wanted.digest IS NULL OR gone.digest = wanted.digest))
  FROM unnest(%(ids)s::text[], %(digests)s::bytea[]) WITH ORDINALITY AS wanted (id, digest, place)
  LEFT JOIN LATERAL (
    SELECT content, salt, digest FROM party
     WHERE entity = %(entity)s AND id = wanted.id AND content IS NOT NULL
       AND (wanted.digest IS NULL OR digest = wanted.digest)
     ORDER BY stored_at DESC, digest
     LIMIT 1) AS found ON true;

-- name: there
SELECT id, content, digest FROM party
 WHERE entity = %(entity)s AND id = ANY(%(ids)s) AND content IS NOT NULL
 ORDER BY stored_at;

-- name: copy_parties
COPY party (entity, id, content, salt, digest, stored_at) FROM STDIN (FORMAT BINARY);
