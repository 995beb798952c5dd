-- name: exchange_differences
-- By what the line is about, so that what is no longer due is taken from where it stood. Credits are gains.
SELECT booked, currency, functional_currency,
       coalesce(-sum(functional_minor) FILTER (WHERE subject LIKE '%%:realised'), 0)::bigint,
       coalesce(-sum(functional_minor) FILTER (WHERE subject NOT LIKE '%%:realised'), 0)::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s AND account = 'currency-exchange'
   AND accounting_date <= %(through)s AND (%(customer)s::text IS NULL OR customer = %(customer)s)
 GROUP BY booked, currency, functional_currency
 ORDER BY min(accounting_date), booked, currency, functional_currency;
