-- name: booked_sums
-- Every account of a book, by unit and obligation, the period booked, the days earned and booked on and
-- the run that posted it: what balances, changes, earned and as-known figures of worked cases are sums
-- of. Debits are positive.
SELECT account, unit, obligation, booked, earned, accounting_date, known_at, currency, functional_currency,
       sum(minor)::bigint AS minor, sum(functional_minor)::bigint AS functional_minor, count(*) AS lines
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s
 GROUP BY account, unit, obligation, booked, earned, accounting_date, known_at, currency,
          functional_currency
 ORDER BY account, booked, earned, accounting_date, known_at, currency, unit, obligation;

-- name: left_over
-- What the last run could not post, and why: parked units and usage that waits, less what was taken
-- out again.
SELECT 'parked ' || unit, code
  FROM parked
 WHERE entity = %(entity)s AND to_run IS NULL
 UNION ALL
SELECT 'pending usage of ' || unit || ' on ' || day, reason
  FROM usage_pending
 WHERE entity = %(entity)s AND to_run IS NULL
 GROUP BY unit, meter, day, reason
HAVING sum(rows) <> 0 OR sum(quantity) <> 0
 ORDER BY 1, 2;
