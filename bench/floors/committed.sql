-- name: make
CREATE SCHEMA IF NOT EXISTS floor_commands;
CREATE TABLE IF NOT EXISTS floor_commands.entity_head (LIKE public.entity_head INCLUDING ALL) WITH (fillfactor = 10);
CREATE TABLE IF NOT EXISTS floor_commands.fact (LIKE public.fact INCLUDING ALL);
CREATE TABLE IF NOT EXISTS floor_commands.command_key (LIKE public.command_key INCLUDING ALL);
CREATE TABLE IF NOT EXISTS floor_commands.bare (number bigint);

-- name: groups
-- What the ledger wrote, so many positions together, as the two arrays that hold the same rows.
SELECT facts.rows, keys.rows
  FROM (SELECT (position - 1) / %(size)s AS number,
               array_agg(ROW(f.*)::floor_commands.fact ORDER BY position) AS rows
          FROM public.fact f
         WHERE entity = %(entity)s
         GROUP BY 1) AS facts
  JOIN (SELECT (positions[1] - 1) / %(size)s AS number,
               array_agg(ROW(k.*)::floor_commands.command_key ORDER BY positions) AS rows
          FROM public.command_key k
         WHERE entity = %(entity)s
         GROUP BY 1) AS keys USING (number)
 ORDER BY number;

-- name: begin
INSERT INTO floor_commands.entity_head (entity) VALUES (%(entity)s);

-- name: append
WITH moved AS (
    UPDATE floor_commands.entity_head SET position = position + %(count)s, recorded_at = now()
     WHERE entity = %(entity)s
    RETURNING entity
), keys AS (
    INSERT INTO floor_commands.command_key
    SELECT k.* FROM moved CROSS JOIN unnest(%(keys)s::floor_commands.command_key[]) AS k
)
INSERT INTO floor_commands.fact
SELECT f.* FROM moved CROSS JOIN unnest(%(facts)s::floor_commands.fact[]) AS f;

-- name: insert_bare
INSERT INTO floor_commands.bare (number) VALUES (%(number)s);

-- name: count
SELECT count(*) FROM floor_commands.fact WHERE entity = %(entity)s;
