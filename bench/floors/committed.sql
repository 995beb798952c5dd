-- name: groups
-- What the ledger wrote, so many positions together, as arrays of the floor's own row types: unqualified
-- names are those of the floor, by the search path.
SELECT facts.rows, keys.rows
  FROM (SELECT (position - 1) / %(size)s AS number,
               array_agg(ROW(f.*)::fact ORDER BY position) AS rows
          FROM public.fact f
         WHERE entity = %(entity)s
         GROUP BY 1) AS facts
  JOIN (SELECT (positions[1] - 1) / %(size)s AS number,
               array_agg(ROW(k.*)::command_key ORDER BY positions) AS rows
          FROM public.command_key k
         WHERE entity = %(entity)s
         GROUP BY 1) AS keys USING (number)
 ORDER BY number;

-- name: begin
INSERT INTO entity_head (entity) VALUES (%(entity)s);

-- name: append
WITH moved AS (
    UPDATE entity_head SET position = position + %(count)s, recorded_at = now()
     WHERE entity = %(entity)s
    RETURNING entity
), keys AS (
    INSERT INTO command_key
    SELECT k.* FROM moved CROSS JOIN unnest(%(keys)s::command_key[]) AS k
)
INSERT INTO fact
SELECT f.* FROM moved CROSS JOIN unnest(%(facts)s::fact[]) AS f;
