-- name: disclosed
-- Position by position: a contract that stood on the other side had no liability to begin with. Given back
-- is what credits and voids took of documents that were there before. Caught up is what schedules tell of revenue
-- booked since for performance before, within one period.
WITH caught AS (
    SELECT * FROM unnest(%(units)s::text[], %(minors)s::bigint[]) AS u (unit, minor)
), line AS (
    SELECT unit, currency, account, kind, document, earned, accounting_date, minor,
           accounting_date < %(since)s AS is_before,
           min(accounting_date) FILTER (WHERE account = 'contract-liability' AND kind = 'billing')
             OVER (PARTITION BY unit, document) < %(since)s AS is_of_before
      FROM journal_line
     WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s
       AND account IN ('contract-liability', 'revenue') AND accounting_date <= %(through)s
       AND (%(customer)s::text IS NULL OR customer = %(customer)s)
       AND (%(unit)s::text IS NULL OR unit = %(unit)s)
), position AS (
    SELECT unit, currency,
           greatest(coalesce(-sum(minor) FILTER (WHERE is_before AND account = 'contract-liability'), 0), 0) AS opening,
           coalesce(sum(minor) FILTER (WHERE NOT is_before AND account = 'contract-liability' AND kind = 'billing'
                                         AND is_of_before), 0) AS taken,
           coalesce(-sum(minor) FILTER (WHERE NOT is_before AND account = 'revenue'), 0) AS revenue,
           coalesce(-sum(minor) FILTER (WHERE NOT is_before AND account = 'revenue'
                                          AND earned < %(since)s), 0)
             + coalesce((SELECT sum(caught.minor) FROM caught WHERE caught.unit = line.unit), 0) AS earlier
      FROM line
     GROUP BY unit, currency
), split AS (
    SELECT currency, opening, revenue, earlier, least(greatest(taken, 0), opening) AS given_back,
           least(opening - least(greatest(taken, 0), opening), greatest(revenue, 0)) AS from_opening
      FROM position
     WHERE opening <> 0 OR revenue <> 0 OR earlier <> 0
)
SELECT currency, count(*), sum(opening)::bigint, sum(given_back)::bigint, sum(revenue)::bigint,
       sum(from_opening)::bigint, sum(earlier)::bigint
  FROM split
 GROUP BY currency
 ORDER BY currency;

-- name: units_with_revenue
-- Contracts that are stated by themselves: what others earn is never caught up within a period.
SELECT DISTINCT unit
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s AND account = 'revenue'
   AND accounting_date BETWEEN %(since)s AND %(through)s AND unit LIKE 'contract:%%'
   AND (%(customer)s::text IS NULL OR customer = %(customer)s)
   AND (%(unit)s::text IS NULL OR unit = %(unit)s)
 ORDER BY unit;

-- name: slots_booked
SELECT DISTINCT unit, subject, earned
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s AND account = 'revenue'
   AND accounting_date BETWEEN %(since)s AND %(through)s AND unit = ANY(%(units)s);
