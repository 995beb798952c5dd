-- name: taxed_invoices
-- Invoices with a tax line, of outside systems too: only these are read in full.
SELECT DISTINCT stream FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'invoice' AND tag = 'invoice-issued'
   AND position <= %(known_at)s AND payload LIKE '%%"kind":"tax"%%'
 ORDER BY stream;
