-- name: deferred
-- A credit balance is owed to the customer, so flip the sign.
SELECT unit, obligation, customer, currency, -sum(minor)::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND account = 'contract-liability' AND known_at <= %(known_at)s
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
   AND (%(customer)s::text IS NULL OR customer = %(customer)s)
 GROUP BY unit, obligation, customer, currency
HAVING sum(minor) <> 0
 ORDER BY unit, obligation, customer, currency;

-- name: movements
-- With the sign that is usual for the account.
SELECT booked, currency, kind, (%(sign)s * sum(minor))::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND account = %(account)s AND known_at <= %(known_at)s
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY booked, currency, kind
 ORDER BY booked, currency, kind;
