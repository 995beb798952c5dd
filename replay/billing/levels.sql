-- name: used_since
-- Subscriptions that batches name: what came after a position.
SELECT DISTINCT name
  FROM fact
 CROSS JOIN LATERAL json_array_elements_text(payload::json -> 'subscriptions') AS named (name)
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'usage' AND tag = 'usage-batch-accepted'
   AND position > %(since)s AND position <= %(upto)s
 ORDER BY name;
