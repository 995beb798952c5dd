-- name: disputed
-- Invoices that were ever disputed: few, and found without looking at the others.
SELECT DISTINCT stream FROM fact
 WHERE entity = %(entity)s AND tag = 'dispute-opened' AND position <= %(known_at)s
 ORDER BY stream;
