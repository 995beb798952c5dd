-- name: lines
SELECT entry, line, book, unit, known_at, booked, account, kind, subject, obligation, document, customer,
       earned, accounting_date, currency, minor, functional_currency, functional_minor, rule
  FROM journal_line
 WHERE entity = %(entity)s AND entry = %(entry)s AND (%(line)s::integer IS NULL OR line = %(line)s)
   AND known_at <= %(upto)s
 ORDER BY entry, line;

-- name: causes
SELECT f.position, f.stream, f.tag, f.effective, f.recorded_at, f.actor, f.corrects, f.payload
  FROM journal_line l
 CROSS JOIN LATERAL unnest(l.causes) AS c (position)
  JOIN fact f ON f.entity = l.entity AND f.position = c.position
 WHERE l.entity = %(entity)s AND l.entry = %(entry)s AND l.line = %(line)s
 ORDER BY f.position;

-- name: one_fact
SELECT position, stream, tag, effective, recorded_at, actor, corrects, payload FROM fact
 WHERE entity = %(entity)s AND position = %(position)s;

-- name: facts_at
SELECT position, stream, tag, effective, recorded_at, actor, corrects, payload FROM fact
 WHERE entity = %(entity)s AND position = ANY(%(positions)s)
 ORDER BY position;

-- name: rows_of_batches
-- The rows that the batches under a line brought for its subscription, up to the end of the day earned;
-- a day more, since the last day ends later in zones west of UTC.
SELECT r.source, r.event_id, r.batch, b.position, r.subscription, r.meter,
       trim_scale(r.quantity) AS quantity, r.occurred_at, later.position
  FROM usage_batch b
  JOIN usage_row r ON r.entity = b.entity AND r.batch = b.batch AND r.subscription = %(subscription)s
  LEFT JOIN usage_replaced p
    ON p.bucket = r.bucket AND p.entity = r.entity AND p.source = r.source AND p.event_id = r.event_id
   AND p.old_batch = r.batch
  LEFT JOIN usage_batch later ON later.entity = p.entity AND later.batch = p.by_batch
 WHERE b.entity = %(entity)s AND b.position = ANY(%(positions)s)
   AND r.occurred_at < (%(earned)s::date + 2)::timestamp AT TIME ZONE 'UTC'
 ORDER BY r.occurred_at, r.source, r.event_id, b.position
 LIMIT %(limit)s;

-- name: lines_on_fact
-- By the units the fact was routed to, one after the other (OFFSET 0): lines posted after it that name it.
SELECT l.entry, l.line, l.book, l.unit, l.known_at, l.booked, l.account, l.kind, l.subject, l.obligation,
       l.document, l.customer, l.earned, l.accounting_date, l.currency, l.minor, l.functional_currency,
       l.functional_minor, l.rule
  FROM fact_unit u
 CROSS JOIN LATERAL (
    SELECT own.* FROM journal_line own
     WHERE own.entity = %(entity)s AND own.unit = u.unit AND own.known_at > %(position)s
       AND own.known_at <= %(upto)s AND %(position)s = ANY(own.causes)
    OFFSET 0) AS l
 WHERE u.entity = %(entity)s AND u.position = %(position)s
 ORDER BY l.entry, l.line;

-- name: lines_on_rate
-- A rate is routed to no unit: what is told in another currency than its own may name it.
SELECT entry, line, book, unit, known_at, booked, account, kind, subject, obligation, document, customer, earned,
       accounting_date, currency, minor, functional_currency, functional_minor, rule
  FROM journal_line
 WHERE entity = %(entity)s AND known_at > %(position)s AND known_at <= %(upto)s
   AND currency <> functional_currency AND %(position)s = ANY(causes)
 ORDER BY entry, line;

-- name: what_keeps_a_fact_waiting
SELECT (SELECT min(p.code) FROM fact_unit u
          JOIN parked p ON p.entity = u.entity AND p.unit = u.unit AND p.to_run IS NULL
         WHERE u.entity = %(entity)s AND u.position = %(position)s),
       (SELECT min(p.reason) FROM usage_pending p
         WHERE p.entity = %(entity)s AND p.position = %(position)s AND p.to_run IS NULL);

-- name: versions_of_event
SELECT r.source, r.event_id, r.batch, b.position, r.subscription, r.meter,
       trim_scale(r.quantity) AS quantity, r.occurred_at, later.position
  FROM usage_row r
  JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
  LEFT JOIN usage_replaced p
    ON p.bucket = r.bucket AND p.entity = r.entity AND p.source = r.source AND p.event_id = r.event_id
   AND p.old_batch = r.batch
  LEFT JOIN usage_batch later ON later.entity = p.entity AND later.batch = p.by_batch
 WHERE r.bucket = %(bucket)s AND r.entity = %(entity)s AND r.source = %(source)s AND r.event_id = %(event_id)s
 ORDER BY b.position;

-- name: lines_on_usage
-- Lines of the subscription that rest on a batch, of the event's period and later ones.
SELECT DISTINCT l.entry, l.line, l.book, l.unit, l.known_at, l.booked, l.account, l.kind, l.subject,
       l.obligation, l.document, l.customer, l.earned, l.accounting_date, l.currency, l.minor,
       l.functional_currency, l.functional_minor, l.rule
  FROM unnest(%(units)s::text[], %(positions)s::bigint[], %(days)s::timestamptz[]) AS t (unit, position, day)
 CROSS JOIN LATERAL (
    SELECT own.* FROM journal_line own
     WHERE own.entity = %(entity)s AND own.unit = t.unit AND own.known_at > t.position
       AND own.known_at <= %(upto)s AND t.position = ANY(own.causes)
       AND own.earned >= (t.day AT TIME ZONE 'UTC')::date - 1
    OFFSET 0) AS l
 ORDER BY l.entry, l.line;

-- name: stood_before
-- What earlier entries left in the slot of a line.
SELECT coalesce(sum(b.minor), 0)::bigint
  FROM journal_line l
  JOIN journal_line b
    ON b.entity = l.entity AND b.book = l.book AND b.unit = l.unit AND b.known_at < l.known_at
   AND b.account = l.account AND b.kind = l.kind AND b.subject = l.subject AND b.obligation = l.obligation
   AND b.document = l.document AND b.earned = l.earned
 WHERE l.entity = %(entity)s AND l.entry = %(entry)s AND l.line = %(line)s;
