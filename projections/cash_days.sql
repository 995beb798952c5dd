-- name: cash_by_day
-- The account of cash, by the account or system that each payment came through.
SELECT CASE WHEN %(basis)s = 'earned' THEN least(l.accounting_date, l.earned) ELSE l.accounting_date END AS day,
       coalesce(p.channel, '') AS channel, l.currency,
       coalesce(sum(l.minor) FILTER (WHERE l.kind = 'receipt'), 0)::bigint,
       coalesce(sum(l.minor) FILTER (WHERE l.kind = 'fee'), 0)::bigint,
       coalesce(sum(l.minor) FILTER (WHERE l.kind NOT IN ('receipt', 'fee')), 0)::bigint,
       sum(l.minor)::bigint
  FROM journal_line l
  LEFT JOIN LATERAL (
    SELECT d.channel FROM document d
     WHERE d.entity = %(entity)s AND d.stream = 'payment:' || l.document AND d.kind = 'received'
       AND d.from_position <= %(known_at)s
     ORDER BY d.from_position DESC
     LIMIT 1) AS p ON true
 WHERE l.entity = %(entity)s AND l.book = %(book)s AND l.account = 'cash-clearing' AND l.known_at <= %(known_at)s
   AND CASE WHEN %(basis)s = 'earned' THEN least(l.accounting_date, l.earned) ELSE l.accounting_date END <= %(through)s
 GROUP BY 1, 2, 3
HAVING count(*) FILTER (WHERE l.minor <> 0) > 0
 ORDER BY 1, 2, 3;
