-- name: overdue
-- Invoices due by a day of which something is open on another, and some that are asked for, with each
-- change of what is open of them. Documents and money count on their own days.
SELECT document, currency, due_on, array_agg(earned_on ORDER BY earned_on), array_agg(minor ORDER BY earned_on)
  FROM open_amount
 WHERE entity = %(entity)s AND book IN ('', %(book)s) AND earned_on IS NOT NULL AND due_on <= %(due_by)s
   AND from_position <= %(known_at)s AND (to_position IS NULL OR to_position > %(known_at)s)
 GROUP BY document, currency, due_on
HAVING sum(minor) FILTER (WHERE earned_on <= %(through)s) > 0 OR document = ANY(%(documents)s)
 ORDER BY document;

-- name: disputed
SELECT DISTINCT stream FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'invoice' AND tag = 'dispute-opened'
   AND position <= %(known_at)s;

-- name: to_remind
SELECT document, max(number), max(customer), sum(minor)::bigint
  FROM open_amount
 WHERE entity = %(entity)s AND book IN ('', %(book)s) AND kind <> 'stated' AND document = ANY(%(documents)s)
   AND from_position <= %(known_at)s AND (to_position IS NULL OR to_position > %(known_at)s)
   AND earned_on <= %(through)s
 GROUP BY document
HAVING sum(minor) > 0;
