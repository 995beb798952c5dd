-- name: findings
-- A row that waited and was taken out again waits no more: both are there, and come to nothing.
SELECT 'parked' AS kind, unit AS subject, detail, from_run, 1::bigint
  FROM parked
 WHERE entity = %(entity)s AND from_run <= %(known_at)s AND (to_run IS NULL OR to_run > %(known_at)s)
 UNION ALL
SELECT 'pending-usage', unit, reason, min(since), sum(greatest(abs(rows), 1))::bigint
  FROM (SELECT unit, reason, min(from_run) AS since, sum(rows) AS rows
          FROM usage_pending
         WHERE entity = %(entity)s AND from_run <= %(known_at)s
           AND (to_run IS NULL OR to_run > %(known_at)s)
         GROUP BY unit, meter, day, reason
        HAVING sum(rows) <> 0 OR sum(quantity) <> 0) AS waits
 GROUP BY unit, reason
 UNION ALL
SELECT 'awaiting-tax', subject, concat_ws(' ', code, nullif(detail, ''), 'since', since::date), known_at, attempts
  FROM tax_hold
 WHERE entity = %(entity)s AND known_at <= %(known_at)s
 UNION ALL
SELECT 'tax-untold', stream, concat_ws(' ', engine, kind, code), position, attempts
  FROM tax_message
 WHERE entity = %(entity)s AND position <= %(known_at)s AND confirmed_at IS NULL AND attempts > 0
 ORDER BY kind, subject;

-- name: parked
SELECT unit FROM parked WHERE entity = %(entity)s AND to_run IS NULL ORDER BY unit;

-- name: pending
-- Rows that wait, and rows that wait to be taken out: neither makes up for the other.
SELECT coalesce(sum(greatest(abs(rows), 1)), 0)::bigint
  FROM (SELECT sum(rows) AS rows
          FROM usage_pending
         WHERE entity = %(entity)s AND to_run IS NULL AND day BETWEEN %(first)s AND %(last)s
         GROUP BY unit, meter, day, reason
        HAVING sum(rows) <> 0 OR sum(quantity) <> 0) AS waits;

-- name: unposted
-- Facts after the last run that can move an amount of the period or of an earlier one. A correction
-- reaches as far back as what it replaces, a usage batch as its first day, which may
-- be the day before in the subscription's zone, and what joins contracts to their inception. A customer's registration counts if it has a subscription.
SELECT count(*)
  FROM fact f
  LEFT JOIN fact replaced ON replaced.entity = f.entity AND replaced.position = f.corrects
 WHERE f.entity = %(entity)s AND f.position > %(run)s
   AND split_part(f.stream, ':', 1) NOT IN ('book', 'run', 'dunning', 'bank', 'product', 'parked', 'tax')
   AND (f.tag <> 'customer-registered'
        OR EXISTS (SELECT FROM fact_unit u WHERE u.entity = f.entity AND u.position = f.position))
   AND f.tag NOT IN ('usage-window-declared', 'usage-gap-waived', 'invoice-drafted', 'adjustment-proposed', 'opening-proposed',
                     'payment-attempt-failed',
                     'customer-amended')
   AND coalesce(replaced.tag, '') NOT IN ('usage-window-declared', 'usage-gap-waived')
   AND CASE WHEN f.tag = 'usage-batch-accepted' THEN (f.payload::jsonb ->> 'first_day')::date - 1
            WHEN 'contract-joined' IN (f.tag, replaced.tag) THEN '-infinity'
            ELSE least(f.effective, replaced.effective)
       END <= %(last)s;

-- name: moving_states
SELECT schedule FROM unit_state
 WHERE entity = %(entity)s AND book = %(book)s AND moves_until > %(through)s;

-- name: window_facts
-- The declarations and waivers of every source, with what corrects them; few beside the batches.
SELECT position FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'usage' AND position <= %(upto)s
   AND tag IN ('usage-window-declared', 'usage-gap-waived', 'retracted');

-- name: numbered_batches
SELECT b.source, b.batch_number, (f.payload::jsonb ->> 'received')::bigint
  FROM usage_batch b
  JOIN fact f ON f.entity = b.entity AND f.position = b.position
 WHERE b.entity = %(entity)s AND b.batch_number IS NOT NULL AND b.position <= %(upto)s;

-- name: doubtful_accounts
-- Accounts some run has settled whose customer has no registration, or one that was corrected: nearly
-- every customer is registered, and only of the others the facts are read.
SELECT DISTINCT s.unit
  FROM unit_state s
 WHERE s.entity = %(entity)s AND s.unit > 'customer:' AND s.unit < 'customer;'
   AND NOT EXISTS (
           SELECT FROM fact f
             LEFT JOIN fact c ON c.entity = f.entity AND c.corrects = f.position
            WHERE f.entity = %(entity)s AND split_part(f.stream, ':', 1) = 'customer'
              AND f.tag = 'customer-registered' AND f.corrects IS NULL AND f.position <= %(upto)s
              AND f.stream = left(s.unit, -4) AND c.position IS NULL);

-- name: doubtful_contracts
-- Contracts and subscriptions some run has settled that nothing opens, or whose opening was corrected: nearly every
-- one is opened, and only of the others the facts are read.
SELECT s.unit
  FROM (SELECT DISTINCT unit FROM unit_state
         WHERE entity = %(entity)s
           AND ((unit > 'contract:' AND unit < 'contract;') OR (unit > 'subscription:' AND unit < 'subscription;'))) AS s
 WHERE NOT EXISTS (
           SELECT FROM fact f
             LEFT JOIN fact c ON c.entity = f.entity AND c.corrects = f.position
            WHERE f.entity = %(entity)s AND f.stream = s.unit AND f.tag IN ('contract-opened', 'subscription-started')
              AND f.corrects IS NULL AND f.position <= %(upto)s AND c.position IS NULL);

-- name: money_for_contracts
-- Money that names a contract nothing opens, or whose opening was corrected, with what corrects it and
-- all facts of that contract.
WITH named AS (
    SELECT position, 'contract:' || (payload::jsonb ->> 'contract') AS unit
      FROM fact
     WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'payment' AND position <= %(upto)s
       AND tag IN ('payment-named', 'payment-received') AND payload ~ '"contract":"'
), doubtful AS (
    SELECT n.position, n.unit
      FROM named n
     WHERE NOT EXISTS (
               SELECT FROM fact f
                 LEFT JOIN fact c ON c.entity = f.entity AND c.corrects = f.position
                WHERE f.entity = %(entity)s AND f.stream = n.unit AND f.tag = 'contract-opened'
                  AND f.corrects IS NULL AND f.position <= %(upto)s AND c.position IS NULL)
)
SELECT position FROM doubtful
 UNION
SELECT f.position FROM doubtful d JOIN fact f ON f.entity = %(entity)s AND f.corrects = d.position
 UNION
SELECT f.position FROM doubtful d JOIN fact f ON f.entity = %(entity)s AND f.stream = d.unit
 ORDER BY position;

-- name: contracts_by_cost
-- Contracts of which somebody said what their work has cost so far.
SELECT DISTINCT stream FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'contract' AND position <= %(upto)s
   AND tag = 'progress-measured' AND payload ~ '"incurred_minor":[1-9]'
 ORDER BY stream;

-- name: changed_and_ended
-- Contracts that were changed and that ended, whichever came first.
SELECT stream FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'contract' AND position <= %(upto)s
   AND tag IN ('contract-modified', 'contract-terminated')
 GROUP BY stream HAVING count(DISTINCT tag) = 2
 ORDER BY stream;

-- name: facts_of_units
SELECT DISTINCT position FROM fact_unit
 WHERE entity = %(entity)s AND unit = ANY(%(units)s) AND position <= %(upto)s;

-- name: days_to_judge
-- Days of the meters that are judged, in UTC so that all compare alike, of those where one may stand out at
-- all: of most nothing is read. Units are kept apart, nothing is converted. What was corrected is net of it.
SELECT subscription, meter, unit, array_agg(day), array_agg(trim_scale(quantity)), array_agg(rows),
       array_agg(since)
  FROM (SELECT h.subscription, h.meter, h.unit, (h.hour AT TIME ZONE 'UTC')::date AS day,
               sum(h.rows)::bigint AS rows, min(b.position) AS since,
               CASE WHEN h.meter = ANY(%(by_the_row)s::text[]) THEN sum(h.rows) ELSE sum(h.quantity) END
               AS quantity
          FROM usage_hour h
          JOIN usage_batch b ON b.entity = h.entity AND b.batch = h.batch
         WHERE h.entity = %(entity)s AND h.meter = ANY(%(meters)s::text[]) AND b.position <= %(upto)s
         GROUP BY h.subscription, h.meter, h.unit, day
        HAVING sum(h.rows) > 0) AS by_day
 GROUP BY subscription, meter, unit
HAVING min(quantity) < 0
    OR (count(*) FILTER (WHERE quantity > 0) >= %(days)s
        AND max(quantity) > %(medians)s * percentile_disc(0.5) WITHIN GROUP (ORDER BY quantity)
                                          FILTER (WHERE quantity > 0))
 ORDER BY subscription, meter, unit;

-- name: touched_since
-- Whether anything came in since a run that a run would measure again.
SELECT EXISTS (
         SELECT FROM fact_unit WHERE entity = %(entity)s AND position > %(run)s
       ) OR EXISTS (
         SELECT FROM fact
          WHERE entity = %(entity)s AND position > %(run)s
            AND split_part(stream, ':', 1) = ANY(%(master)s)
       );

-- name: given_back_twice
-- Payments of which more went back than came: refunded, failed, or charged back and not won.
SELECT d.stream, max(d.from_position), count(*) FILTER (WHERE d.kind <> 'received'), max(d.currency),
       sum(d.minor) FILTER (WHERE d.kind = 'received')::bigint,
       sum(abs(d.minor)) FILTER (WHERE d.kind <> 'received')::bigint
  FROM document d
 WHERE d.entity = %(entity)s AND d.kind IN ('received', 'refunded', 'failed', 'charged-back')
   AND d.from_position <= %(known_at)s AND (d.to_position IS NULL OR d.to_position > %(known_at)s)
   AND d.stream IN (SELECT stream FROM document WHERE entity = %(entity)s AND kind IN ('refunded', 'failed', 'charged-back'))
   AND NOT (d.kind = 'charged-back' AND EXISTS (
              SELECT FROM document w
               WHERE w.entity = d.entity AND w.stream = d.stream AND w.kind = 'won' AND w.number = d.number
                 AND w.from_position <= %(known_at)s AND (w.to_position IS NULL OR w.to_position > %(known_at)s)))
 GROUP BY d.stream
HAVING sum(d.minor) FILTER (WHERE d.kind = 'received') < sum(abs(d.minor)) FILTER (WHERE d.kind <> 'received')
 ORDER BY d.stream;

-- name: bank_facts
-- Of entries that undo an earlier one and of rows that could not be read, all facts.
SELECT position FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'bank' AND position <= %(upto)s
   AND stream IN (SELECT stream FROM fact
                   WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'bank'
                     AND (tag = 'bank-row-unread' OR payload::jsonb ->> 'undoes' = 'true'));
