-- name: last_entry
SELECT coalesce(max(entry), 0) FROM journal_entry WHERE entity = %(entity)s;

-- name: units_of_streams
-- Which units the earlier facts of some streams went to.
SELECT DISTINCT f.stream, u.unit
  FROM fact f
  JOIN fact_unit u ON u.entity = f.entity AND u.position = f.position
 WHERE f.entity = %(entity)s AND f.stream = ANY(%(streams)s) AND f.position <= %(before)s;

-- name: positions_of_streams
SELECT stream, position FROM fact
 WHERE entity = %(entity)s AND stream = ANY(%(streams)s) AND position <= %(before)s
 ORDER BY position;

-- name: copy_fact_units
COPY fact_unit (entity, unit, position) FROM STDIN (FORMAT BINARY);

-- name: units_to_settle
-- Units with facts after `since`, units that wait parked, and units whose figures time may move;
-- the last are only cut again. In order, after the unit the run has reached.
SELECT unit, bool_or(fresh)
  FROM (
    SELECT unit, true AS fresh FROM fact_unit
     WHERE entity = %(entity)s AND position > %(since)s AND position <= %(run)s AND unit > %(after)s
     UNION ALL
    SELECT unit, true FROM parked
     WHERE entity = %(entity)s AND to_run IS NULL AND unit > %(after)s
     UNION ALL
    SELECT unit, false FROM unit_state
     WHERE entity = %(entity)s AND moves_until > %(moved_after)s AND unit > %(after)s
  ) AS touched
 GROUP BY unit
 ORDER BY unit
 LIMIT %(limit)s;

-- name: unit_states
SELECT unit, book, schedule FROM unit_state
 WHERE entity = %(entity)s AND unit = ANY(%(units)s);

-- name: save_states
-- Schedules go in binary form (b): as text each would be escaped, at twice its length.
INSERT INTO unit_state (entity, book, unit, measured_at, settled_at, schedule, moves_until)
SELECT %(entity)s, book, unit, measured_at, %(run)s, schedule, moves_until
  FROM unnest(%(books)s::text[], %(units)s::text[], %(measured)s::bigint[], %(schedules)b::bytea[],
              %(moves)s::date[]) AS settled (book, unit, measured_at, schedule, moves_until)
ON CONFLICT (entity, book, unit) DO UPDATE
   SET measured_at = excluded.measured_at, settled_at = excluded.settled_at,
       schedule = excluded.schedule, moves_until = excluded.moves_until;

-- name: copy_entries
COPY journal_entry (entity, entry, book, unit, known_at, booked, currency, functional_currency, leaf)
FROM STDIN (FORMAT BINARY);

-- name: copy_lines
COPY journal_line (entity, entry, line, book, unit, known_at, booked, account, kind, subject, obligation,
                   document, customer, earned, accounting_date, currency, minor, functional_currency,
                   functional_minor, rule)
FROM STDIN (FORMAT BINARY);

-- name: copy_causes
COPY line_cause (entity, entry, line, position) FROM STDIN (FORMAT BINARY);

-- name: parked_units
SELECT unit FROM parked
 WHERE entity = %(entity)s AND to_run IS NULL AND unit = ANY(%(units)s);

-- name: release_parked
UPDATE parked SET to_run = %(run)s
 WHERE entity = %(entity)s AND to_run IS NULL AND unit = ANY(%(units)s);

-- name: park
INSERT INTO parked (entity, unit, from_run, code, detail)
SELECT %(entity)s, unit, %(run)s, code, detail
  FROM unnest(%(units)s::text[], %(codes)s::text[], %(details)s::text[]) AS failed (unit, code, detail);

-- name: pending_now
SELECT unit, meter, day, position, reason, rows, quantity FROM usage_pending
 WHERE entity = %(entity)s AND to_run IS NULL AND unit = ANY(%(units)s);

-- name: end_pending
UPDATE usage_pending p SET to_run = %(run)s
  FROM unnest(%(units)s::text[], %(meters)s::text[], %(days)s::date[], %(positions)s::bigint[],
              %(reasons)s::text[]) AS gone (unit, meter, day, position, reason)
 WHERE p.entity = %(entity)s AND p.to_run IS NULL AND p.unit = gone.unit AND p.meter = gone.meter
   AND p.day = gone.day AND p.position = gone.position AND p.reason = gone.reason;

-- name: copy_pending
COPY usage_pending (entity, unit, meter, day, position, reason, from_run, rows, quantity)
FROM STDIN (FORMAT BINARY);

-- name: charges
-- What was last recorded of each charge of some units.
SELECT DISTINCT ON (unit, item, price, service_from, service_to)
       unit, item, price, service_from, service_to, quantity, minor, currency
  FROM charge
 WHERE entity = %(entity)s AND unit = ANY(%(units)s)
 ORDER BY unit, item, price, service_from, service_to, position DESC;

-- name: copy_charges
COPY charge (entity, position, unit, subscription, item, price, service_from, service_to, quantity, minor,
             delta_minor, currency, rule)
FROM STDIN (FORMAT BINARY);
