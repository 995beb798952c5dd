-- name: known_keys
-- Whoever repeats a request is told its first answer, and nobody is asked for tax again.
SELECT key FROM command_key WHERE entity = %(entity)s AND key = ANY(%(keys)s::text[]);
