-- name: accounts
-- Every account that has a line, and its first day: programs want it opened before it is used.
SELECT account, min(accounting_date)::text
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s
   AND CASE %(basis)s WHEN 'earned' THEN earned ELSE accounting_date END <= %(through)s
 GROUP BY account
 ORDER BY account;

-- name: lines
-- Entry by entry, and within an entry day by day.
SELECT entry, line, book, unit, known_at, booked, account, kind, subject, obligation, document, customer,
       earned, accounting_date, currency, minor, functional_currency, functional_minor, rule
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s
   AND CASE %(basis)s WHEN 'earned' THEN earned ELSE accounting_date END <= %(through)s
 ORDER BY entry, accounting_date, line;
