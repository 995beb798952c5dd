-- name: fold
-- The same sums in one set-based pass over the lines, into the same table with the same key.
INSERT INTO account_total (entity, book, known_at, account, booked, earned, accounting_date, currency,
                           functional_currency, minor, functional_minor, lines)
SELECT entity, book, known_at, account, booked, earned, accounting_date, currency, functional_currency,
       sum(minor), sum(functional_minor), count(*)
  FROM journal_line
 WHERE entity = %(entity)s
 GROUP BY entity, book, known_at, account, booked, earned, accounting_date, currency, functional_currency;
