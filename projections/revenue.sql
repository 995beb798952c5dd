-- name: by_period
-- Credits are negative, so flip the sign.
SELECT booked, earned, currency, -sum(minor)::bigint
  FROM account_total
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s AND account = 'revenue'
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY booked, earned, currency
 ORDER BY booked, earned, currency;

-- name: late
-- Lines booked after the period they were earned in, by the kind of the newest fact they rest on and
-- whether it corrects another; one that people judged stands by itself. If
-- that was known before the run before, master data between the two runs changed the amount, or time did.
WITH run AS (
    SELECT position, lag(position, 1, 0::bigint) OVER (ORDER BY position) AS previous
      FROM fact
     WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'run' AND tag = 'posting-run'
       AND position <= %(known_at)s
), late AS (
    SELECT l.earned, l.booked, l.currency, l.known_at, -l.minor AS minor,
           l.causes[cardinality(l.causes)] AS newest
      FROM journal_line l
     WHERE l.entity = %(entity)s AND l.book = %(book)s AND l.known_at <= %(known_at)s
       AND l.account = 'revenue' AND l.accounting_date > l.earned
       AND CASE WHEN %(basis)s = 'earned' THEN l.earned ELSE l.accounting_date END <= %(through)s
), why AS (
    SELECT late.*, CASE WHEN late.newest > run.previous THEN late.newest ELSE master.position END AS cause
      FROM late
      JOIN run ON run.position = late.known_at
      LEFT JOIN LATERAL (
           SELECT max(f.position) AS position FROM fact f
            WHERE f.entity = %(entity)s AND f.position > run.previous AND f.position < run.position
              AND split_part(f.stream, ':', 1) IN ('entity', 'product', 'meter', 'price', 'policy')
           ) AS master ON true
), told AS (
    SELECT why.earned, why.booked, why.currency, why.minor, coalesce(fact.tag, 'time') AS cause,
           coalesce(split_part(fact.stream, ':', 1), '') AS category, fact.corrects IS NOT NULL AS corrects,
           CASE WHEN fact.position = ANY(%(judged)s::bigint[]) THEN fact.position END AS judged
      FROM why
      LEFT JOIN fact ON fact.entity = %(entity)s AND fact.position = why.cause
)
SELECT earned, booked, currency, cause, category, corrects, judged, sum(minor)::bigint, count(*)
  FROM told
 GROUP BY earned, booked, currency, cause, category, corrects, judged
 ORDER BY earned, booked, currency, cause, category, corrects, judged;
