-- name: customer_money
-- Liabilities are credits, so their sign is turned; disputed cash is ours until somebody decides.
SELECT customer, currency,
       coalesce(-sum(minor) FILTER (WHERE account = 'unapplied-cash'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE account = 'deposits'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE account = 'customer-credit'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE account = 'refund-clearing'), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE account = 'disputed-cash'), 0)::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s
   AND account IN ('unapplied-cash', 'deposits', 'customer-credit', 'refund-clearing', 'disputed-cash')
   AND (%(customer)s::text IS NULL OR customer = %(customer)s)
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY customer, currency
 ORDER BY customer, currency;
