-- name: open
-- What a cut reads. Row by row of the key (OFFSET 0 keeps it so), whatever the planner knows.
SELECT u.unit, b.book, own.measured_at, own.schedule, own.open
  FROM unnest(%(units)s::text[]) AS u (unit)
 CROSS JOIN unnest(%(books)s::text[]) AS b (book)
 CROSS JOIN LATERAL (
    SELECT measured_at, schedule, open FROM unit_state
     WHERE entity = %(entity)s AND book = b.book AND unit = u.unit OFFSET 0) AS own;

-- name: whole
-- What measuring compares with: everything that stands posted.
SELECT u.unit, b.book, own.measured_at, own.schedule, own.posted, own.posted_rows, own.open
  FROM unnest(%(units)s::text[]) AS u (unit)
 CROSS JOIN unnest(%(books)s::text[]) AS b (book)
 CROSS JOIN LATERAL (
    SELECT measured_at, schedule, posted, posted_rows, open FROM unit_state
     WHERE entity = %(entity)s AND book = b.book AND unit = u.unit OFFSET 0) AS own;

-- name: save_measured
-- Blobs go in binary form (b): as text each would be escaped, at twice its length.
INSERT INTO unit_state (entity, book, unit, measured_at, settled_at, schedule, posted, posted_rows, open,
                        moves_until, currency)
SELECT %(entity)s, book, unit, %(run)s, %(run)s, schedule, posted, posted_rows, open, moves_until, currency
  FROM unnest(%(books)s::text[], %(units)s::text[], %(schedules)b::bytea[], %(posted)b::bytea[],
              %(rows)s::integer[], %(open)b::bytea[], %(moves)s::date[], %(currencies)s::text[])
       AS settled (book, unit, schedule, posted, posted_rows, open, moves_until, currency)
ON CONFLICT (entity, book, unit) DO UPDATE
   SET measured_at = excluded.measured_at, settled_at = excluded.settled_at,
       schedule = excluded.schedule, posted = excluded.posted, posted_rows = excluded.posted_rows,
       open = excluded.open, moves_until = excluded.moves_until, currency = excluded.currency;

-- name: save_cut
-- A unit that was only cut keeps its schedule, and what is over stays as it lies.
UPDATE unit_state s
   SET settled_at = %(run)s, posted = s.posted || cut.posted, posted_rows = s.posted_rows + cut.posted_rows,
       open = cut.open
  FROM unnest(%(books)s::text[], %(units)s::text[], %(posted)b::bytea[], %(rows)s::integer[],
              %(open)b::bytea[]) AS cut (book, unit, posted, posted_rows, open)
 WHERE s.entity = %(entity)s AND s.book = cut.book AND s.unit = cut.unit;

-- name: schedules
-- Of some units, as they were measured last.
SELECT unit, measured_at, schedule FROM unit_state
 WHERE entity = %(entity)s AND book = %(book)s AND unit = ANY(%(units)s);

-- name: ahead
-- Schedules of contracts that may have something left after a day; those of stated contracts may wait for
-- an event for ever. `is_later`: something of the unit was agreed, happened, or holds from, after the day.
SELECT s.unit, s.measured_at, s.schedule,
       EXISTS (SELECT FROM fact_unit u
                 JOIN fact f ON f.entity = u.entity AND f.position = u.position
                WHERE u.entity = s.entity AND u.unit = s.unit AND u.position <= %(run)s
                  AND split_part(f.stream, ':', 1) <> 'customer'
                  AND greatest(f.agreed_on, f.effective) > %(day)s) AS is_later
  FROM unit_state s
 WHERE s.entity = %(entity)s AND s.book = %(book)s
   AND split_part(s.unit, ':', 1) IN ('contract', 'invoice', 'subscription')
   AND (s.moves_until > %(since)s OR s.unit LIKE 'contract:%%' OR s.unit LIKE 'subscription:%%')
   AND (%(units)s::text[] IS NULL OR s.unit = ANY (%(units)s))
 ORDER BY s.unit;
