-- name: known_keys
SELECT k.key, k.fingerprint, k.stream, k.positions, r.code, r.field, r.context
  FROM unnest(%(keys)s::text[]) AS wanted (key)
 CROSS JOIN LATERAL (
    SELECT key, stream, fingerprint, positions FROM command_key
     WHERE entity = %(entity)s AND key = wanted.key
     LIMIT 1) AS k
  LEFT JOIN LATERAL (
    SELECT code, field, context FROM refusal
     WHERE entity = %(entity)s AND key = k.key AND k.positions = '{}'
     LIMIT 1) AS r ON true;

-- name: copy_keys
COPY command_key (entity, key, fingerprint, outcome, stream, positions) FROM STDIN (FORMAT BINARY);

-- name: copy_refusals
COPY refusal (entity, key, stream, command, body, code, field, context, actor, reason, recorded_at,
              at_position, leaf)
FROM STDIN (FORMAT BINARY);
