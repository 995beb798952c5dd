-- name: collect_invoices
-- Invoices that an engine said the tax of; the table in the log need not be told.
INSERT INTO tax_message (entity, position, stream, engine, kind)
SELECT entity, position, stream, payload::json -> 'taxed_by' ->> 'engine', 'commit'
  FROM fact
 WHERE entity = %(entity)s AND position > %(after)s AND position <= %(upto)s
   AND split_part(stream, ':', 1) = 'invoice' AND tag = 'invoice-issued'
   AND payload::json -> 'taxed_by' ->> 'engine' <> ALL(%(here)s::text[])
ON CONFLICT DO NOTHING;

-- name: collect_others
-- Credit notes and voids of invoices that were, or are to be, told, and whatever corrects one of their facts
-- or takes it back: all of an invoice goes to the engine that was told of it first.
INSERT INTO tax_message (entity, position, stream, engine, kind)
SELECT f.entity, f.position, f.stream, m.engine, CASE f.tag WHEN 'invoice-voided' THEN 'void' ELSE 'adjust' END
  FROM fact f
 CROSS JOIN LATERAL (
    SELECT engine FROM tax_message m
     WHERE m.entity = f.entity AND m.stream = f.stream
     ORDER BY m.position LIMIT 1) AS m
 WHERE f.entity = %(entity)s AND f.position > %(after)s AND f.position <= %(upto)s
   AND split_part(f.stream, ':', 1) = 'invoice'
   AND (f.tag IN ('credit-issued', 'invoice-voided') OR f.corrects IS NOT NULL)
ON CONFLICT DO NOTHING;

-- name: unconfirmed
SELECT position, stream, engine FROM tax_message
 WHERE entity = %(entity)s AND confirmed_at IS NULL AND position > %(after)s
 ORDER BY position LIMIT %(limit)s;

-- name: confirm
UPDATE tax_message SET confirmed_at = %(at)s, attempts = attempts + 1, code = NULL
 WHERE entity = %(entity)s AND position = ANY(%(positions)s::bigint[]);

-- name: fail
UPDATE tax_message m SET attempts = m.attempts + 1, code = t.code
  FROM unnest(%(positions)s::bigint[], %(codes)s::text[]) AS t (position, code)
 WHERE m.entity = %(entity)s AND m.position = t.position;
