-- name: register
-- Each document once, however often its fact was corrected: as it stands, else as it last stood. A credit
-- note is its invoice's customer's.
WITH seen AS (
    SELECT stream, kind, number, customer, currency, day, minor, coalesce(series, '') AS series, debits, position,
           to_position IS NULL OR to_position > %(known_at)s AS stands
      FROM document
     WHERE entity = %(entity)s AND from_position <= %(known_at)s
       AND kind IN ('issued', 'credited', 'voided')
), invoice AS (
    SELECT DISTINCT ON (stream) stream, customer, currency
      FROM seen
     WHERE kind = 'issued'
     ORDER BY stream, stands DESC, position DESC
), void AS (
    SELECT DISTINCT stream FROM seen WHERE kind = 'voided' AND stands AND day <= %(through)s
), one AS (
    SELECT DISTINCT ON (stream, kind, number) stream, kind, number, day, minor, series, debits, stands
      FROM seen
     WHERE kind <> 'voided' AND day <= %(through)s
       AND (%(series)s::text IS NULL OR series = %(series)s::text)
     ORDER BY stream, kind, number, stands DESC, position DESC
)
SELECT o.series, o.number,
       CASE WHEN o.kind = 'credited' THEN 'credit-note' WHEN o.debits THEN 'debit-note' ELSE 'invoice' END,
       substr(o.stream, 9), coalesce(i.customer, ''), coalesce(i.currency, ''), o.day, o.minor,
       CASE WHEN NOT o.stands THEN 'retracted' WHEN o.number = '' THEN 'skipped' WHEN o.kind = 'issued' AND v.stream IS NOT NULL THEN 'void'
            ELSE 'issued' END
  FROM one o
  LEFT JOIN invoice i ON i.stream = o.stream
  LEFT JOIN void v ON v.stream = o.stream;

-- name: numbers
-- Every number that a series gave, once for each document that has it.
SELECT DISTINCT series, number, stream, kind FROM document
 WHERE entity = %(entity)s AND from_position <= %(known_at)s AND series IS NOT NULL
   AND kind IN ('issued', 'credited')
 ORDER BY series;
