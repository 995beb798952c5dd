-- name: open
-- What a cut reads. By book first, as the key is: a list of units alone would read the whole index.
SELECT unit, book, measured_at, schedule, open FROM unit_state
 WHERE entity = %(entity)s AND book = ANY(%(books)s) AND unit = ANY(%(units)s);

-- name: whole
-- What measuring compares with: everything that stands posted.
SELECT unit, book, measured_at, schedule, posted, posted_rows, open FROM unit_state
 WHERE entity = %(entity)s AND book = ANY(%(books)s) AND unit = ANY(%(units)s);

-- name: save_measured
-- Blobs go in binary form (b): as text each would be escaped, at twice its length.
INSERT INTO unit_state (entity, book, unit, measured_at, settled_at, schedule, posted, posted_rows, open,
                        moves_until)
SELECT %(entity)s, book, unit, %(run)s, %(run)s, schedule, posted, posted_rows, open, moves_until
  FROM unnest(%(books)s::text[], %(units)s::text[], %(schedules)b::bytea[], %(posted)b::bytea[],
              %(rows)s::integer[], %(open)b::bytea[], %(moves)s::date[])
       AS settled (book, unit, schedule, posted, posted_rows, open, moves_until)
ON CONFLICT (entity, book, unit) DO UPDATE
   SET measured_at = excluded.measured_at, settled_at = excluded.settled_at,
       schedule = excluded.schedule, posted = excluded.posted, posted_rows = excluded.posted_rows,
       open = excluded.open, moves_until = excluded.moves_until;

-- name: save_cut
-- A unit that was only cut keeps its schedule, and what is over stays as it lies.
UPDATE unit_state s
   SET settled_at = %(run)s, posted = s.posted || cut.posted, posted_rows = s.posted_rows + cut.posted_rows,
       open = cut.open
  FROM unnest(%(books)s::text[], %(units)s::text[], %(posted)b::bytea[], %(rows)s::integer[],
              %(open)b::bytea[]) AS cut (book, unit, posted, posted_rows, open)
 WHERE s.entity = %(entity)s AND s.book = cut.book AND s.unit = cut.unit;
