-- name: may_rebuild
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s)
   AND pg_has_role(current_user, (SELECT oid FROM pg_roles WHERE rolname = %(role)s), 'MEMBER');

-- name: fits
-- Whether a schema has every one of the tables, with the columns that the poster's own have today.
SELECT coalesce(bool_and(again.columns IS NOT DISTINCT FROM own.columns), false)
  FROM unnest(%(tables)s::text[]) AS wanted (name)
  CROSS JOIN LATERAL (
       SELECT array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS columns
         FROM pg_attribute a
        WHERE a.attrelid = to_regclass('public.' || quote_ident(wanted.name)) AND a.attnum > 0 AND NOT a.attisdropped
       ) AS own
  CROSS JOIN LATERAL (
       SELECT array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS columns
         FROM pg_attribute a
         JOIN pg_class c ON c.oid = a.attrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %(schema)s AND c.relname = wanted.name AND a.attnum > 0 AND NOT a.attisdropped
       ) AS again;

-- name: has_key
SELECT EXISTS (
    SELECT FROM pg_constraint k
      JOIN pg_class c ON c.oid = k.conrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND k.contype = 'p');

-- name: cut_off
-- Schemas of journals that were begun, and the entity that each is of.
SELECT n.nspname, obj_description(n.oid, 'pg_namespace')
  FROM pg_namespace n
 WHERE n.nspname ~ '^rebuild_[0-9a-f]{16}$'
 ORDER BY 2;

-- name: entry_key
ALTER TABLE journal_entry ADD PRIMARY KEY (entity, entry);

-- name: line_key
ALTER TABLE journal_line ADD PRIMARY KEY (entity, entry, line);

-- name: size
SELECT (SELECT count(*) FROM journal_entry WHERE entity = %(entity)s),
       (SELECT count(*) FROM journal_line WHERE entity = %(entity)s);

-- name: merge_by_key
-- Both sides lie in the order of their keys, so one pass over each is all that a comparison needs; a
-- hash of millions of rows would be written to the disk first. true: until the transaction ends, as with SET LOCAL.
SELECT set_config('enable_hashjoin', 'off', true), set_config('work_mem', '64MB', true);

-- name: entries
-- Unqualified is the rebuilt table, public the live one.
SELECT 'entry ' || coalesce(again.entry, live.entry) || ' of ' || coalesce(again.unit, live.unit) || ' in '
       || coalesce(again.book, live.book) || ' ' || coalesce(again.booked, live.booked),
       coalesce(again.known_at, live.known_at), row_to_json(again)::text, row_to_json(live)::text
  FROM (
    SELECT entry, known_at, unit, book, booked, currency, functional_currency, leaf FROM public.journal_entry
     WHERE entity = %(entity)s AND known_at <= %(upto)s
  ) AS live
  FULL JOIN (
    SELECT entry, known_at, unit, book, booked, currency, functional_currency, leaf FROM journal_entry
     WHERE entity = %(entity)s
  ) AS again ON again.entry = live.entry
 WHERE (live.entry, live.known_at, live.unit, live.book, live.booked, live.currency, live.functional_currency,
        live.leaf)
       IS DISTINCT FROM
       (again.entry, again.known_at, again.unit, again.book, again.booked, again.currency,
        again.functional_currency, again.leaf)
 ORDER BY coalesce(again.entry, live.entry)
 LIMIT %(limit)s;

-- name: lines
SELECT 'entry ' || coalesce(again.entry, live.entry) || ' line ' || coalesce(again.line, live.line) || ' of '
       || coalesce(again.unit, live.unit) || ' in ' || coalesce(again.book, live.book) || ' '
       || coalesce(again.booked, live.booked),
       coalesce(again.known_at, live.known_at), row_to_json(again)::text, row_to_json(live)::text
  FROM (
    SELECT entry, line, book, unit, known_at, booked, account, kind, subject, obligation, document, customer,
           earned, accounting_date, currency, minor, functional_currency, functional_minor, rule, causes
      FROM public.journal_line
     WHERE entity = %(entity)s AND known_at <= %(upto)s
  ) AS live
  FULL JOIN (
    SELECT entry, line, book, unit, known_at, booked, account, kind, subject, obligation, document, customer,
           earned, accounting_date, currency, minor, functional_currency, functional_minor, rule, causes
      FROM journal_line
     WHERE entity = %(entity)s
  ) AS again ON again.entry = live.entry AND again.line = live.line
 WHERE (live.entry, live.line, live.book, live.unit, live.known_at, live.booked, live.account, live.kind,
        live.subject, live.obligation, live.document, live.customer, live.earned, live.accounting_date,
        live.currency, live.minor, live.functional_currency, live.functional_minor, live.rule, live.causes)
       IS DISTINCT FROM
       (again.entry, again.line, again.book, again.unit, again.known_at, again.booked, again.account, again.kind,
        again.subject, again.obligation, again.document, again.customer, again.earned, again.accounting_date,
        again.currency, again.minor, again.functional_currency, again.functional_minor, again.rule, again.causes)
 ORDER BY coalesce(again.entry, live.entry), coalesce(again.line, live.line)
 LIMIT %(limit)s;

-- name: parked
SELECT coalesce(again.unit, live.unit), coalesce(again.from_run, live.from_run), row_to_json(again)::text,
       row_to_json(live)::text
  FROM (
    SELECT unit, from_run, CASE WHEN to_run <= %(upto)s THEN to_run END AS to_run, code, detail
      FROM public.parked
     WHERE entity = %(entity)s AND from_run <= %(upto)s
  ) AS live
  FULL JOIN (
    SELECT unit, from_run, to_run, code, detail FROM parked WHERE entity = %(entity)s
  ) AS again ON again.unit = live.unit AND again.from_run = live.from_run
 WHERE live IS DISTINCT FROM again
 ORDER BY coalesce(again.unit, live.unit), coalesce(again.from_run, live.from_run)
 LIMIT %(limit)s;

-- name: pending
SELECT coalesce(again.unit, live.unit) || ' ' || coalesce(again.meter, live.meter) || ' '
       || coalesce(again.day, live.day),
       coalesce(again.position, live.position), row_to_json(again)::text, row_to_json(live)::text
  FROM (
    SELECT unit, meter, day, position, reason, from_run, CASE WHEN to_run <= %(upto)s THEN to_run END AS to_run,
           rows, quantity
      FROM public.usage_pending
     WHERE entity = %(entity)s AND from_run <= %(upto)s
  ) AS live
  FULL JOIN (
    SELECT unit, meter, day, position, reason, from_run, to_run, rows, quantity FROM usage_pending
     WHERE entity = %(entity)s
  ) AS again
    ON again.unit = live.unit AND again.meter = live.meter AND again.day = live.day
   AND again.position = live.position AND again.reason = live.reason AND again.from_run = live.from_run
 WHERE live IS DISTINCT FROM again
 ORDER BY coalesce(again.unit, live.unit), coalesce(again.meter, live.meter), coalesce(again.day, live.day),
          coalesce(again.position, live.position)
 LIMIT %(limit)s;

-- name: charges
SELECT coalesce(again.unit, live.unit) || ' ' || coalesce(again.item, live.item) || ' from '
       || coalesce(again.service_from, live.service_from),
       coalesce(again.position, live.position), row_to_json(again)::text, row_to_json(live)::text
  FROM (
    SELECT position, unit, subscription, item, price, service_from, service_to, quantity, minor, delta_minor,
           currency, rule
      FROM public.charge
     WHERE entity = %(entity)s AND position <= %(upto)s
  ) AS live
  FULL JOIN (
    SELECT position, unit, subscription, item, price, service_from, service_to, quantity, minor, delta_minor,
           currency, rule
      FROM charge
     WHERE entity = %(entity)s
  ) AS again
    ON again.position = live.position AND again.unit = live.unit AND again.subscription = live.subscription
   AND again.item = live.item AND again.price = live.price AND again.service_from = live.service_from
   AND again.service_to = live.service_to
 WHERE live IS DISTINCT FROM again
 ORDER BY coalesce(again.position, live.position), coalesce(again.unit, live.unit),
          coalesce(again.item, live.item), coalesce(again.service_from, live.service_from)
 LIMIT %(limit)s;
