-- name: parked
-- Units that wait parked at the run: no run has judged them, so most figures are compared without them.
SELECT unit FROM parked
 WHERE entity = %(entity)s AND from_run <= %(run)s AND (to_run IS NULL OR to_run > %(run)s)
 ORDER BY unit;

-- name: count_entries
SELECT count(*) FROM journal_entry WHERE entity = %(entity)s AND known_at <= %(run)s;

-- name: count_lines
SELECT count(*) FROM journal_line WHERE entity = %(entity)s AND known_at <= %(run)s;

-- name: unbalanced
-- Law 1, in both currencies, exactly; an entry without lines is no entry.
SELECT 'entry ' || e.entry || ' of ' || e.unit || ' in ' || e.book, '0 and 0',
       coalesce(sum(l.minor) || ' and ' || sum(l.functional_minor), 'no lines'), e.known_at
  FROM journal_entry e
  LEFT JOIN journal_line l ON l.entity = e.entity AND l.entry = e.entry
 WHERE e.entity = %(entity)s AND e.known_at <= %(run)s
 GROUP BY e.entry, e.unit, e.book, e.known_at
HAVING coalesce(sum(l.minor), 1) <> 0 OR coalesce(sum(l.functional_minor), 1) <> 0
 ORDER BY e.entry;

-- name: into_closed
-- An entry whose run came after a close of its period and before the next reopening. A soft close lets
-- adjustments through.
WITH act AS (
    SELECT substr(stream, 6) AS book, payload::jsonb ->> 'period' AS period, tag, position,
           lead(position) OVER (PARTITION BY stream, payload::jsonb ->> 'period' ORDER BY position) AS until
      FROM fact
     WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'book' AND position <= %(run)s
       AND tag IN ('period-soft-closed', 'period-closed', 'period-sealed', 'period-reopened')
)
SELECT 'entry ' || e.entry || ' of ' || e.unit || ' in ' || e.book, 'an open period', e.booked || ' ' || a.tag, a.position
  FROM act a
  JOIN journal_entry e
    ON e.entity = %(entity)s AND e.book = a.book AND e.booked = a.period AND e.known_at > a.position
   AND (a.until IS NULL OR e.known_at < a.until) AND e.known_at <= %(run)s
 WHERE a.tag <> 'period-reopened' AND NOT (a.tag = 'period-soft-closed' AND e.unit LIKE 'adjustment:%%')
 ORDER BY e.entry;

-- name: before_earned
-- A line is dated in the period it was earned in, or later; that period is one of the calendar.
SELECT 'entry ' || l.entry || ' line ' || l.line, 'from ' || coalesce(p.first::text, 'a period of the calendar'),
       l.accounting_date::text, l.known_at
  FROM journal_line l
  LEFT JOIN unnest(%(firsts)s::date[], %(lasts)s::date[]) AS p (first, last) ON p.last = l.earned
 WHERE l.entity = %(entity)s AND l.known_at <= %(run)s AND (p.first IS NULL OR l.accounting_date < p.first)
 ORDER BY l.entry, l.line;

-- name: orphans
-- Law 8: a line has causes, all known at its run and routed to its unit, which is how lineage finds the
-- line again; a rate is master data, which no unit has for itself. A run or a close is never the only one.
SELECT 'entry ' || l.entry || ' line ' || l.line, 'a fact', coalesce(string_agg(f.tag, ', '), 'none'), l.known_at
  FROM journal_line l
  LEFT JOIN LATERAL unnest(l.causes) AS c (position) ON true
  LEFT JOIN fact f ON f.entity = l.entity AND f.position = c.position
  LEFT JOIN fact_unit u ON u.entity = l.entity AND u.unit = l.unit AND u.position = c.position
 WHERE l.entity = %(entity)s AND l.known_at <= %(run)s
 GROUP BY l.entry, l.line, l.known_at
HAVING count(f.position) < count(c.position)
    OR count(u.position) < count(c.position) FILTER (WHERE split_part(f.stream, ':', 1) <> 'rates')
    OR coalesce(max(c.position), l.known_at) >= l.known_at
    OR bool_and(split_part(f.stream, ':', 1) IN ('run', 'book', 'policy', 'entity'))
 ORDER BY l.entry, l.line;

-- name: documents
-- What documents in force at the run add up to by the end of each day: invoices less credits and voids,
-- payments less what went back, credit granted less what was paid out or lapsed. What a void leaves is taken
-- off on its day, and nothing after it counts but the invoice itself, should it bear a later date. Disputed is what is charged back of a payment and not decided.
WITH live AS (
    SELECT stream, kind, number, currency, day, minor FROM document
     WHERE entity = %(entity)s AND from_position <= %(run)s AND (to_position IS NULL OR to_position > %(run)s)
), first AS (
    SELECT stream, max(currency) AS currency, min(day) FILTER (WHERE kind = 'voided') AS voided_on
      FROM live
     GROUP BY stream
    HAVING bool_or(kind IN ('issued', 'received', 'granted'))
), movement AS (
    SELECT f.stream, CASE WHEN l.kind = 'charged-back' THEN 'disputed' ELSE split_part(f.stream, ':', 1) END AS side,
           f.currency, l.day, l.minor
      FROM first f
      JOIN live l ON l.stream = f.stream AND l.kind <> 'voided'
       AND (f.voided_on IS NULL OR l.day <= f.voided_on OR l.kind = 'issued')
     UNION ALL
    SELECT f.stream, 'paid-out', f.currency, l.day, l.minor
      FROM first f
      JOIN live l ON l.stream = f.stream AND l.kind = 'refunded'
     WHERE split_part(f.stream, ':', 1) = 'balance'
     UNION ALL
    SELECT o.stream, 'disputed', f.currency, greatest(max(o.day), min(d.day)), -max(o.minor)
      FROM first f
      JOIN live o ON o.stream = f.stream AND o.kind = 'charged-back'
      JOIN live d ON d.stream = f.stream AND d.kind IN ('won', 'lost') AND d.number = o.number
     GROUP BY o.stream, o.number, f.currency
     UNION ALL
    SELECT f.stream, split_part(f.stream, ':', 1), f.currency, f.voided_on, -sum(l.minor)
      FROM first f
      JOIN live l ON l.stream = f.stream AND l.kind <> 'voided' AND (l.day <= f.voided_on OR l.kind = 'issued')
     GROUP BY f.stream, f.currency, f.voided_on
)
SELECT d.day, m.currency, m.side, sum(m.minor)::bigint
  FROM unnest(%(days)s::date[]) AS d (day)
  JOIN movement m ON m.day <= d.day
 GROUP BY d.day, m.currency, m.side;

-- name: accounts
-- What the accounts of a book hold by the end of each day, on each basis, but for approved adjustments.
-- Reported, `later` is what is booked after the day although its period had ended by then. What comes and goes is
-- counted wherever it lies, with what it cost; a chargeback lost went from there to what is held for customers.
-- What of a contract is for others, a lease say, is owed to them or cleared with them: it is no cash.
WITH line AS (
    SELECT account, kind, currency, earned, accounting_date, minor,
           (account IN ('unapplied-cash', 'deposits', 'refund-clearing') AND kind <> 'prepaid') OR (account = 'customer-credit' AND kind <> 'billing')
             OR (account = 'contract-liability' AND kind = 'advance') AS is_held
      FROM journal_line
     WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(run)s AND kind <> 'adjustment'
), placed AS (
    SELECT *,
           (account IN ('cash-clearing', 'external-clearing', 'disputed-cash') AND kind <> 'share-owed')
             OR (account = 'bank-fees' AND kind = 'fee') OR (is_held AND kind = 'chargeback') AS is_cash,
           account = ANY(%(of_contracts)s) OR kind = 'share-owed' AS is_of_contract,
           account = 'accounts-receivable' AND kind NOT IN ('billing') AS is_settled
      FROM line
), sided AS (
    SELECT d.day, b.basis, l.account, l.kind, l.currency, l.minor, l.is_cash, l.is_settled, l.is_held, l.is_of_contract,
           CASE WHEN b.basis = 'earned' THEN least(l.accounting_date, l.earned) ELSE l.accounting_date END <= d.day AS is_in,
           b.basis = 'reported' AND l.accounting_date > d.day AND l.earned <= d.day AS is_later
      FROM unnest(%(days)s::date[]) AS d (day)
      CROSS JOIN (VALUES ('reported'), ('earned')) AS b (basis)
      JOIN placed l ON l.earned <= d.day OR l.accounting_date <= d.day
)
SELECT day, basis, currency,
       coalesce(sum(minor) FILTER (WHERE is_in AND account = 'accounts-receivable'), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE is_in AND is_settled), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE is_later AND account = 'accounts-receivable' AND kind = 'billing'), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE (is_in OR is_later) AND is_cash), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE (is_in OR is_later) AND ((is_held AND kind <> 'chargeback')
                                                                OR (is_settled AND kind = 'application'))), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE (is_in OR is_later) AND account = 'disputed-cash'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE is_in AND is_of_contract), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE is_in AND account = 'contract-liability' AND kind IN ('advance', 'given-back', 'opening', 'prepaid', 'write-off')), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE is_in AND kind = 'billing' AND account IN ('tax-payable', 'customer-credit', 'rounding', 'opening-clearing')), 0)::bigint
  FROM sided
 GROUP BY day, basis, currency
 ORDER BY day, basis, currency;

-- name: may_leave
-- Whether any deal may be left without penalty, or is no contract when it is opened, so that its invoices are not
-- receivable at issue.
SELECT EXISTS (
    SELECT 1 FROM fact
     WHERE entity = %(entity)s AND position <= %(run)s AND tag IN ('subscription-started', 'contract-opened')
       AND payload ~ '"cancellable_days":[0-9]|"criteria_met":false');

-- name: open_money
-- What is owed or claimed in money in another currency than the functional one, up to the end of a period, where
-- it stands: of an invoice, a payment, a credit or a promise. What is applied bears the name of its invoice as well;
-- what invoices carry in credit for a customer is one debt. Without those of which a unit waits: what it is worth
-- is not known yet.
SELECT l.account, p.place, l.currency, l.functional_currency, sum(l.minor)::bigint, sum(l.functional_minor)::bigint
  FROM journal_line l
 CROSS JOIN LATERAL (
    SELECT CASE
           WHEN l.account = 'accounts-receivable' THEN l.document
           WHEN l.account = 'refund-liability' THEN l.unit
           WHEN l.account IN ('unbilled-receivable', 'contract-asset')
           THEN l.unit || ' ' || CASE WHEN l.kind = 'exchange' THEN regexp_replace(l.subject, ':[^:]*:[^:]*$', '')
                                      ELSE coalesce(nullif(l.obligation, ''), 'contract') END
           WHEN l.account = 'customer-credit' AND (l.kind = 'billing' OR l.document = '') THEN 'carried for ' || l.customer
           WHEN l.kind = 'application'
           THEN left(regexp_replace(l.subject, ':stated$', ''), -1 - length(l.document))
           WHEN l.kind = 'transfer' AND l.account IN ('customer-credit', 'refund-clearing')
           THEN substr(l.subject, length(l.document) + 2)
           ELSE l.document END AS place) AS p
 WHERE l.entity = %(entity)s AND l.book = %(book)s AND l.known_at <= %(run)s AND l.kind <> 'adjustment'
   AND l.earned <= %(last)s AND l.currency <> l.functional_currency
   AND l.account IN ('accounts-receivable', 'unbilled-receivable', 'contract-asset', 'refund-liability', 'customer-credit',
                     'unapplied-cash', 'deposits', 'refund-clearing', 'disputed-cash')
 GROUP BY l.account, p.place, l.currency, l.functional_currency
HAVING NOT bool_or(l.unit = ANY (%(parked)s::text[])
                OR 'customer:' || l.customer || ':' || l.currency = ANY (%(parked)s::text[]))
 ORDER BY l.account, p.place, l.currency;

-- name: liabilities
-- What stands of each unit for what was billed or paid ahead, and what it cost.
SELECT l.unit, l.functional_currency, sum(l.minor)::bigint, sum(l.functional_minor)::bigint
  FROM journal_line l
 WHERE l.entity = %(entity)s AND l.book = %(book)s AND l.known_at <= %(run)s AND l.kind <> 'adjustment'
   AND l.earned <= %(last)s AND l.currency <> l.functional_currency AND l.account = 'contract-liability'
   AND l.unit <> ALL (%(parked)s::text[])
 GROUP BY l.unit, l.functional_currency
 ORDER BY l.unit;

-- name: receipts
-- What came of each payment in another currency than the functional one, the fact that says so, and what the
-- account of cash says it was worth.
SELECT d.stream, d.position, d.currency, l.functional_currency, f.stated, f.paid_in, f.paid_minor, d.day, d.minor, l.functional_minor
  FROM (SELECT unit, document, functional_currency, sum(functional_minor)::bigint AS functional_minor
          FROM journal_line
         WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(run)s AND kind = 'receipt' AND earned <= %(last)s
           AND account IN ('cash-clearing', 'external-clearing') AND currency <> functional_currency
         GROUP BY unit, document, functional_currency
        HAVING sum(minor) <> 0) AS l
  JOIN document d
    ON d.entity = %(entity)s AND d.stream = 'payment:' || l.document AND d.kind = 'received'
   AND d.from_position <= %(run)s AND (d.to_position IS NULL OR d.to_position > %(run)s)
  JOIN LATERAL (
    SELECT payload::jsonb ->> 'rate' AS stated, payload::jsonb -> 'paid' ->> 'currency' AS paid_in,
           (payload::jsonb -> 'paid' ->> 'amount_minor')::bigint AS paid_minor
      FROM fact WHERE entity = %(entity)s AND position = d.position) AS f ON true
 WHERE l.unit <> ALL (%(parked)s::text[])
 ORDER BY d.stream;

-- name: batches
SELECT b.source, b.batch, f.payload::jsonb ->> 'kind', (f.payload::jsonb ->> 'received')::bigint,
       (f.payload::jsonb ->> 'duplicates')::bigint, (f.payload::jsonb ->> 'rejected')::bigint,
       (f.payload::jsonb ->> 'accepted')::bigint, coalesce(r.rows, 0), coalesce(p.rows, 0), coalesce(j.rows, 0)
  FROM usage_batch b
  JOIN fact f ON f.entity = b.entity AND f.position = b.position
  LEFT JOIN (SELECT batch, count(*) AS rows FROM usage_row WHERE entity = %(entity)s GROUP BY batch) r
    ON r.batch = b.batch
  LEFT JOIN (SELECT by_batch, count(*) AS rows FROM usage_replaced WHERE entity = %(entity)s GROUP BY by_batch) p
    ON p.by_batch = b.batch
  LEFT JOIN (SELECT batch, count(*) AS rows FROM usage_reject WHERE entity = %(entity)s GROUP BY batch) j
    ON j.batch = b.batch
 WHERE b.entity = %(entity)s AND b.position <= %(run)s
 ORDER BY b.batch;

-- name: meters
-- What the batches' facts say of each meter, beside the rows that those batches brought or took out.
WITH told AS (
    SELECT b.source, total ->> 'meter' AS meter, sum((total ->> 'rows')::bigint) AS rows
      FROM usage_batch b
      JOIN fact f ON f.entity = b.entity AND f.position = b.position,
           LATERAL jsonb_array_elements(f.payload::jsonb -> 'totals') AS total
     WHERE b.entity = %(entity)s AND b.position <= %(run)s AND f.payload::jsonb ->> 'kind' <> 'retraction'
     GROUP BY b.source, total ->> 'meter'
), there AS (
    SELECT r.source, r.meter, count(*) AS rows
      FROM usage_row r
      JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
     WHERE r.entity = %(entity)s AND b.position <= %(run)s
     GROUP BY r.source, r.meter
)
SELECT coalesce(t.source, r.source), coalesce(t.meter, r.meter), coalesce(t.rows, 0)::bigint, coalesce(r.rows, 0)::bigint
  FROM told t
  FULL JOIN there r ON r.source = t.source AND r.meter = t.meter
 ORDER BY 1, 2;

-- name: metered_units
-- Whose usage there is.
SELECT DISTINCT 'subscription:' || h.subscription AS unit
  FROM usage_hour h
  JOIN usage_batch b ON b.entity = h.entity AND b.batch = h.batch
 WHERE h.entity = %(entity)s AND b.position <= %(run)s
 ORDER BY unit;

-- name: in_force
-- From the rows themselves, not from the totals by hour that rating reads.
SELECT r.meter, count(*), sum(r.quantity)
  FROM usage_row r
  JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch AND b.position <= %(run)s
 WHERE r.entity = %(entity)s
   AND NOT EXISTS (SELECT FROM usage_replaced p
                     JOIN usage_batch later ON later.entity = p.entity AND later.batch = p.by_batch
                    WHERE p.bucket = r.bucket AND p.entity = r.entity AND p.source = r.source
                      AND p.event_id = r.event_id AND p.old_batch = r.batch AND later.position <= %(run)s)
 GROUP BY r.meter
 ORDER BY r.meter;

-- name: pending
SELECT u.meter, sum(u.rows)::bigint, sum(u.quantity) FROM usage_pending u
 WHERE u.entity = %(entity)s AND u.from_run <= %(run)s AND (u.to_run IS NULL OR u.to_run > %(run)s)
   AND u.unit <> ALL (%(parked)s::text[])
 GROUP BY u.meter
 ORDER BY u.meter;

-- name: charged
-- Charge rows are changes, so they sum to what is charged.
SELECT c.currency, sum(c.delta_minor)::bigint FROM charge c
 WHERE c.entity = %(entity)s AND c.position <= %(run)s
   AND c.unit <> ALL (%(parked)s::text[])
 GROUP BY c.currency
 ORDER BY c.currency;
