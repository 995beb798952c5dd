-- name: outside
-- Invoices that outside systems issued, in force, and the subscriptions that their lines name.
SELECT DISTINCT substr(f.stream, 9), line ->> 'subscription'
  FROM fact f
 CROSS JOIN LATERAL json_array_elements(f.payload::json -> 'lines') AS line
 WHERE f.entity = %(entity)s AND split_part(f.stream, ':', 1) = 'invoice' AND f.tag = 'invoice-issued'
   AND f.source_id IS NOT NULL AND f.position <= %(known_at)s AND f.effective <= %(through)s
   AND line ->> 'subscription' IS NOT NULL
   AND (%(customer)s::text IS NULL OR f.payload::json ->> 'customer' = %(customer)s::text)
   AND NOT EXISTS (
    SELECT FROM fact c WHERE c.entity = f.entity AND c.corrects = f.position AND c.position <= %(known_at)s);
