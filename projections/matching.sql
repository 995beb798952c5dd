-- name: named_invoices
-- Invoices by their numbers as payers write them, whatever is left of them.
SELECT i.reference, i.document, i.customer
  FROM open_amount i
 WHERE i.entity = %(entity)s AND i.reference = ANY(%(references)s) AND i.kind = 'issued' AND i.to_position IS NULL
 ORDER BY i.document;

-- name: customers
-- Everybody ever registered, by name and by the name an outside system has for it.
SELECT DISTINCT substr(stream, 10) AS customer, coalesce(source_id, '') AS outside
  FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'customer' AND tag = 'customer-registered'
 ORDER BY customer, outside;

-- name: payers
-- For whom a payer has paid, as it or a person said.
SELECT DISTINCT payer, customer
  FROM document
 WHERE entity = %(entity)s AND payer = ANY(%(payers)s) AND payer <> '' AND to_position IS NULL
 ORDER BY payer, customer;

-- name: of_amount
-- Invoices of which exactly such an amount is left, by what facts state: of many alike a few, and how many.
SELECT document, alike
  FROM (SELECT document, count(*) OVER alike AS alike, row_number() OVER (alike ORDER BY document) AS place
          FROM (SELECT document, max(currency) AS currency, sum(minor) AS minor
                  FROM open_amount
                 WHERE entity = %(entity)s AND kind IN ('issued', 'credited', 'voided', 'stated') AND to_position IS NULL
                 GROUP BY document
                HAVING sum(minor) = ANY(%(amounts)s::bigint[])) AS left_over
        WINDOW alike AS (PARTITION BY currency, minor)) AS ranked
 WHERE place <= %(most)s;

-- name: open_of
-- What is left of the invoices of some customers, by what facts state.
SELECT i.document, i.number, i.customer, i.currency, i.due_on, i.issued_on, s.minor
  FROM open_amount i
 CROSS JOIN LATERAL (
    SELECT sum(a.minor)::bigint AS minor FROM open_amount a
     WHERE a.entity = %(entity)s AND a.document = i.document AND a.to_position IS NULL
       AND a.kind IN ('issued', 'credited', 'voided', 'stated')) AS s
 WHERE i.entity = %(entity)s AND i.kind = 'issued' AND i.to_position IS NULL AND i.customer = ANY(%(customers)s)
   AND s.minor > 0;

-- name: customers_of
SELECT DISTINCT customer
  FROM open_amount
 WHERE entity = %(entity)s AND document = ANY(%(documents)s) AND kind = 'issued' AND to_position IS NULL;

-- name: free_of
-- Money of some customers that no fact says the purpose of. What is charged back is not with us unless it is won.
SELECT p.customer, p.currency, sum(p.minor + coalesce(s.minor, 0))::bigint
  FROM (SELECT d.stream, max(d.customer) AS customer, max(d.currency) AS currency,
               sum(CASE WHEN d.kind <> 'charged-back' THEN d.minor WHEN w.stream IS NULL THEN -d.minor ELSE 0 END) AS minor
          FROM document d
          LEFT JOIN document w ON w.entity = d.entity AND w.stream = d.stream AND w.kind = 'won' AND w.number = d.number
                              AND w.to_position IS NULL
         WHERE d.entity = %(entity)s AND d.to_position IS NULL
           AND d.stream IN (SELECT stream FROM document
                             WHERE entity = %(entity)s AND kind = 'received' AND to_position IS NULL
                               AND customer = ANY(%(customers)s))
         GROUP BY d.stream) AS p
  LEFT JOIN LATERAL (
    SELECT sum(a.minor) AS minor FROM open_amount a
     WHERE a.entity = %(entity)s AND a.stream = p.stream AND a.kind = 'stated' AND a.to_position IS NULL) AS s ON true
 GROUP BY p.customer, p.currency;

-- name: payments_named
-- Payments by the references they came with, the payer's or the bank's. Asked only where some came back.
SELECT stream, reference, bank_reference, minor
  FROM (SELECT d.stream, f.payload::jsonb ->> 'reference' AS reference,
               f.payload::jsonb -> 'bank' ->> 'bank_reference' AS bank_reference,
               (SELECT sum(CASE WHEN own.kind <> 'charged-back' THEN own.minor WHEN w.stream IS NULL THEN -own.minor ELSE 0
                            END)::bigint
                  FROM document own
                  LEFT JOIN document w ON w.entity = own.entity AND w.stream = own.stream AND w.kind = 'won'
                                      AND w.number = own.number AND w.to_position IS NULL
                 WHERE own.entity = d.entity AND own.stream = d.stream AND own.to_position IS NULL) AS minor
          FROM document d
          JOIN fact f ON f.entity = d.entity AND f.position = d.position
         WHERE d.entity = %(entity)s AND d.kind = 'received' AND d.to_position IS NULL) AS payment
 WHERE reference = ANY(%(references)s) OR bank_reference = ANY(%(references)s)
 ORDER BY stream;

-- name: waiting
-- Money of nobody known, by the fact that says so.
SELECT position FROM document
 WHERE entity = %(entity)s AND kind = 'received' AND to_position IS NULL AND starts_with(customer, %(nobody)s);
