-- name: may_rebuild
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s)
   AND pg_has_role(current_user, (SELECT oid FROM pg_roles WHERE rolname = %(role)s), 'MEMBER');

-- name: size
SELECT (SELECT count(*) FROM journal_entry WHERE entity = %(entity)s),
       (SELECT count(*) FROM journal_line WHERE entity = %(entity)s);

-- name: entries
-- Unqualified is the rebuilt table, public the live one. A row that differs is in both halves.
WITH live AS (
    SELECT entry, known_at, unit, book, booked, currency, functional_currency, leaf FROM public.journal_entry
     WHERE entity = %(entity)s AND known_at <= %(upto)s
), rebuilt AS (
    SELECT entry, known_at, unit, book, booked, currency, functional_currency, leaf FROM journal_entry
     WHERE entity = %(entity)s
)
SELECT side, 'entry ' || entry || ' of ' || unit || ' in ' || book || ' ' || booked, known_at,
       row_to_json(difference)::text
  FROM (
    SELECT 'live' AS side, * FROM (SELECT * FROM live EXCEPT SELECT * FROM rebuilt) AS a
     UNION ALL
    SELECT 'rebuilt', * FROM (SELECT * FROM rebuilt EXCEPT SELECT * FROM live) AS b
  ) AS difference
 ORDER BY entry, side;

-- name: lines
WITH live AS (
    SELECT entry, line, book, unit, known_at, booked, account, kind, subject, obligation, document, customer,
           earned, accounting_date, currency, minor, functional_currency, functional_minor, rule
      FROM public.journal_line
     WHERE entity = %(entity)s AND known_at <= %(upto)s
), rebuilt AS (
    SELECT entry, line, book, unit, known_at, booked, account, kind, subject, obligation, document, customer,
           earned, accounting_date, currency, minor, functional_currency, functional_minor, rule
      FROM journal_line
     WHERE entity = %(entity)s
)
SELECT side, 'entry ' || entry || ' line ' || line || ' of ' || unit || ' in ' || book || ' ' || booked, known_at,
       row_to_json(difference)::text
  FROM (
    SELECT 'live' AS side, * FROM (SELECT * FROM live EXCEPT SELECT * FROM rebuilt) AS a
     UNION ALL
    SELECT 'rebuilt', * FROM (SELECT * FROM rebuilt EXCEPT SELECT * FROM live) AS b
  ) AS difference
 ORDER BY entry, line, side;

-- name: causes
WITH live AS (
    SELECT c.entry, c.line, c.position FROM public.line_cause c
      JOIN public.journal_entry e ON e.entity = c.entity AND e.entry = c.entry
     WHERE c.entity = %(entity)s AND e.known_at <= %(upto)s
), rebuilt AS (
    SELECT entry, line, position FROM line_cause WHERE entity = %(entity)s
)
SELECT side, 'entry ' || entry || ' line ' || line, position, row_to_json(difference)::text
  FROM (
    SELECT 'live' AS side, * FROM (SELECT * FROM live EXCEPT SELECT * FROM rebuilt) AS a
     UNION ALL
    SELECT 'rebuilt', * FROM (SELECT * FROM rebuilt EXCEPT SELECT * FROM live) AS b
  ) AS difference
 ORDER BY entry, line, position, side;

-- name: parked
WITH live AS (
    SELECT unit, from_run, CASE WHEN to_run <= %(upto)s THEN to_run END AS to_run, code, detail FROM public.parked
     WHERE entity = %(entity)s AND from_run <= %(upto)s
), rebuilt AS (
    SELECT unit, from_run, to_run, code, detail FROM parked WHERE entity = %(entity)s
)
SELECT side, unit, from_run, row_to_json(difference)::text
  FROM (
    SELECT 'live' AS side, * FROM (SELECT * FROM live EXCEPT SELECT * FROM rebuilt) AS a
     UNION ALL
    SELECT 'rebuilt', * FROM (SELECT * FROM rebuilt EXCEPT SELECT * FROM live) AS b
  ) AS difference
 ORDER BY unit, from_run, side;

-- name: pending
WITH live AS (
    SELECT unit, meter, day, position, reason, from_run, CASE WHEN to_run <= %(upto)s THEN to_run END AS to_run,
           rows, quantity
      FROM public.usage_pending
     WHERE entity = %(entity)s AND from_run <= %(upto)s
), rebuilt AS (
    SELECT unit, meter, day, position, reason, from_run, to_run, rows, quantity FROM usage_pending
     WHERE entity = %(entity)s
)
SELECT side, unit || ' ' || meter || ' ' || day, position, row_to_json(difference)::text
  FROM (
    SELECT 'live' AS side, * FROM (SELECT * FROM live EXCEPT SELECT * FROM rebuilt) AS a
     UNION ALL
    SELECT 'rebuilt', * FROM (SELECT * FROM rebuilt EXCEPT SELECT * FROM live) AS b
  ) AS difference
 ORDER BY unit, meter, day, position, side;

-- name: charges
WITH live AS (
    SELECT position, unit, subscription, item, price, service_from, service_to, quantity, minor, delta_minor, currency,
           rule
      FROM public.charge
     WHERE entity = %(entity)s AND position <= %(upto)s
), rebuilt AS (
    SELECT position, unit, subscription, item, price, service_from, service_to, quantity, minor, delta_minor, currency,
           rule
      FROM charge
     WHERE entity = %(entity)s
)
SELECT side, unit || ' ' || item || ' from ' || service_from, position, row_to_json(difference)::text
  FROM (
    SELECT 'live' AS side, * FROM (SELECT * FROM live EXCEPT SELECT * FROM rebuilt) AS a
     UNION ALL
    SELECT 'rebuilt', * FROM (SELECT * FROM rebuilt EXCEPT SELECT * FROM live) AS b
  ) AS difference
 ORDER BY position, unit, item, price, service_from, side;
