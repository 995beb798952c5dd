-- name: invoices
-- Each invoice in force with the sums of its open item: the same amounts, on the same days, as receivables.
SELECT position, invoice, number, kind, customer, currency, day, due_on, minor, credited, applied, open, state
  FROM (
    SELECT d.position, substr(d.stream, 9) AS invoice, d.number,
           CASE WHEN d.debits THEN 'debit-note' ELSE 'invoice' END AS kind, d.customer, d.currency, d.day, d.due_on,
           d.minor, a.credited, a.applied, a.open,
           CASE WHEN a.is_void THEN 'void' WHEN a.open = 0 THEN 'settled' ELSE 'open' END AS state
      FROM document d
     CROSS JOIN LATERAL (
        SELECT coalesce(sum(minor) FILTER (WHERE kind IN ('credited', 'voided', 'later')), 0)::bigint AS credited,
               coalesce(sum(minor) FILTER (WHERE kind = 'posted'), 0)::bigint AS applied,
               coalesce(sum(minor), 0)::bigint AS open, coalesce(bool_or(kind = 'voided'), false) AS is_void
          FROM open_amount
         WHERE entity = %(entity)s AND document = substr(d.stream, 9) AND book IN ('', %(book)s) AND kind <> 'stated'
           AND from_position <= %(known_at)s AND (to_position IS NULL OR to_position > %(known_at)s)
           AND CASE WHEN %(basis)s = 'earned' THEN earned_on ELSE reported_on END <= %(through)s) AS a
     WHERE d.entity = %(entity)s AND d.kind = 'issued' AND d.position > %(after)s
       AND d.from_position <= %(known_at)s AND (d.to_position IS NULL OR d.to_position > %(known_at)s)
       AND d.day >= %(since)s AND d.day <= %(through)s
       AND (%(customer)s::text IS NULL OR d.customer = %(customer)s::text)) AS one
 WHERE %(state)s::text IS NULL OR state = %(state)s::text
 ORDER BY position
 LIMIT %(limit)s;
