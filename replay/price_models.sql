-- name: streams
-- The next streams of a kind, in order of their names.
SELECT DISTINCT stream FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = %(category)s AND stream > %(after)s
 ORDER BY stream
 LIMIT %(limit)s;

-- name: earned
-- Revenue of some units by obligation and the period it was earned in. Credits are negative, so flip the sign.
SELECT unit, obligation, earned, currency, -sum(minor)::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND unit = ANY(%(units)s) AND book = %(book)s AND known_at <= %(known_at)s
   AND account = 'revenue'
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY unit, obligation, earned, currency;

-- name: earned_otherwise
-- Revenue of what is no subscription: contracts stated by themselves, lines that name none, adjustments.
SELECT currency, -sum(minor)::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s AND account = 'revenue'
   AND NOT (unit > 'subscription:' AND unit < 'subscription;')
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY currency;
