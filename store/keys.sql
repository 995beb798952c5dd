-- name: known_keys
SELECT k.key, k.fingerprint, k.stream, k.positions, r.code, r.field, r.context
  FROM command_key k
  LEFT JOIN refusal r ON r.entity = k.entity AND r.key = k.key
 WHERE k.entity = %(entity)s AND k.key = ANY(%(keys)s);

-- name: known_sources
-- Outside facts already in the log, with what was asked then: the same name comes once for ever.
SELECT f.source_system, f.source_kind, f.source_id, f.source_version, k.fingerprint, k.stream, k.positions
  FROM unnest(%(systems)s::text[], %(kinds)s::text[], %(ids)s::text[], %(versions)s::text[])
       AS wanted (system, kind, id, version)
  JOIN fact f
    ON f.entity = %(entity)s AND f.source_system = wanted.system AND f.source_kind = wanted.kind
   AND f.source_id = wanted.id AND f.source_version = wanted.version
  JOIN command_key k ON k.entity = f.entity AND k.key = f.command_id;

-- name: copy_keys
COPY command_key (entity, key, fingerprint, outcome, stream, positions) FROM STDIN (FORMAT BINARY);

-- name: copy_refusals
COPY refusal (entity, key, stream, command, body, code, field, context, actor, reason, recorded_at,
              at_position, leaf)
FROM STDIN (FORMAT BINARY);
