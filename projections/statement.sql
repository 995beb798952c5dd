-- name: statement
-- Receivables by whom a document names, money and credit by whose account it is. What came before a day is
-- one row, told where nothing came after it too; each row says what stands after it.
WITH moved AS (
    SELECT customer, currency, document,
           CASE kind WHEN 'issued' THEN 'invoice' WHEN 'credited' THEN 'credit' WHEN 'voided' THEN 'void'
                     WHEN 'posted' THEN 'settled' ELSE 'booked-later' END AS kind,
           CASE WHEN %(basis)s = 'earned' THEN earned_on ELSE reported_on END AS day, minor AS receivable, 0::bigint AS held
      FROM open_amount
     WHERE entity = %(entity)s AND book IN ('', %(book)s) AND kind <> 'stated'
       AND from_position <= %(known_at)s AND (to_position IS NULL OR to_position > %(known_at)s)
       AND (%(customer)s::text IS NULL OR customer = %(customer)s)
     UNION ALL
    SELECT customer, currency, document, CASE kind WHEN 'application' THEN 'settled' ELSE kind END,
           CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END, 0, -minor
      FROM journal_line
     WHERE entity = %(entity)s AND book = %(book)s AND account IN ('unapplied-cash', 'customer-credit', 'deposits')
       AND known_at <= %(known_at)s AND (%(customer)s::text IS NULL OR customer = %(customer)s)
), told AS (
    SELECT customer, currency, CASE WHEN day >= %(since)s THEN day END AS day,
           CASE WHEN day >= %(since)s THEN document ELSE '' END AS document,
           CASE WHEN day >= %(since)s THEN kind ELSE 'opening' END AS kind,
           sum(receivable)::bigint AS receivable, sum(held)::bigint AS held
      FROM moved
     WHERE day <= %(through)s
     GROUP BY 1, 2, 3, 4, 5
)
SELECT customer, currency, day, document, kind, receivable, held,
       (sum(receivable) OVER so_far)::bigint, (sum(held) OVER so_far)::bigint
  FROM told
 WHERE receivable <> 0 OR held <> 0
WINDOW so_far AS (PARTITION BY customer, currency ORDER BY day NULLS FIRST, document, kind)
 ORDER BY customer, currency, day NULLS FIRST, document, kind;
