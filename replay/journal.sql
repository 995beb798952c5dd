-- name: journal
-- Lines in order of their entries. Reported by accounting date, earned by the period they belong to.
SELECT entry, line, book, unit, known_at, booked, account, kind, subject, obligation, document, customer,
       earned, accounting_date, currency, minor, functional_currency, functional_minor, rule
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s
   AND CASE %(basis)s WHEN 'earned' THEN earned ELSE accounting_date END <= %(through)s
   AND entry > %(after)s
   AND (%(unit)s::text IS NULL OR unit = %(unit)s)
   AND (%(account)s::text IS NULL OR account = %(account)s)
   AND (%(customer)s::text IS NULL OR customer = %(customer)s)
   AND (%(document)s::text IS NULL OR document = %(document)s)
 ORDER BY entry, line
 LIMIT %(limit)s;
