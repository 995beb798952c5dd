-- name: unidentified
-- Payments as known at a position whose customer is a payer's id. Why is told by the fact in force.
SELECT substr(d.stream, 9), d.day, d.customer, d.currency, d.minor, d.channel,
       coalesce(f.payload::jsonb -> 'bank' ->> 'because', '')
  FROM document d
  JOIN fact f ON f.entity = d.entity AND f.position = d.position
 WHERE d.entity = %(entity)s AND d.kind = 'received' AND d.day <= %(through)s
   AND d.from_position <= %(known_at)s AND (d.to_position IS NULL OR d.to_position > %(known_at)s)
   AND starts_with(d.customer, %(nobody)s)
 ORDER BY d.day, d.stream;
