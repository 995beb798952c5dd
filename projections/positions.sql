-- name: positions
-- What stands in each account of contracts, in its usual sign. Money that names a contract stands in the account of
-- its customer and is told with the contract it names; what is paid of invoices before they are receivable
-- may be of several contracts and stays with the customer. An approved adjustment stands by itself.
WITH line AS (
    SELECT CASE WHEN kind = 'advance' THEN substr(subject, length(document) + 2)
                WHEN kind = 'exchange' AND unit LIKE 'customer:%%'
                THEN coalesce(substring(document FROM '(?:contract|subscription):.*$'), unit)
                ELSE unit END AS unit,
           account, customer, unit LIKE 'customer:%%' AND kind IN ('advance', 'exchange') AS is_advance,
           CASE WHEN %(amounts)s = 'functional' THEN functional_currency ELSE currency END AS currency,
           CASE WHEN %(amounts)s = 'functional' THEN functional_minor ELSE minor END AS minor
      FROM journal_line
     WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s
       AND account IN ('contract-liability', 'contract-asset', 'unbilled-receivable', 'refund-liability')
       AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
)
SELECT unit, max(customer), currency,
       coalesce(-sum(minor) FILTER (WHERE account = 'contract-liability'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE account = 'contract-liability' AND is_advance), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE account = 'contract-asset'), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE account = 'unbilled-receivable'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE account = 'refund-liability'), 0)::bigint
  FROM line
 WHERE (%(customer)s::text IS NULL OR customer = %(customer)s) AND (%(unit)s::text IS NULL OR unit = %(unit)s)
 GROUP BY unit, currency
HAVING sum(minor) FILTER (WHERE account = 'contract-liability') <> 0 OR sum(minor) FILTER (WHERE account = 'contract-asset') <> 0
    OR sum(minor) FILTER (WHERE account = 'unbilled-receivable') <> 0 OR sum(minor) FILTER (WHERE account = 'refund-liability') <> 0
 ORDER BY unit, currency;
