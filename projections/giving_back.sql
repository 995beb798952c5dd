-- name: given_back
-- Refunds, failures and chargebacks in force by their amounts, with what their money may be meant by. What a
-- chargeback won brings back is what its opening took.
SELECT b.stream, b.kind, CASE WHEN b.kind IN ('charged-back', 'won') THEN b.number END, r.currency,
       CASE WHEN b.kind = 'won' THEN o.minor ELSE abs(b.minor) END,
       f.payload::jsonb ->> 'reference', f.payload::jsonb -> 'bank' ->> 'bank_reference',
       ARRAY(SELECT DISTINCT i.number
               FROM open_amount a
               JOIN open_amount i ON i.entity = a.entity AND i.document = a.document AND i.kind = 'issued' AND i.to_position IS NULL
              WHERE a.entity = b.entity AND a.stream = b.stream AND a.kind = 'stated')
  FROM document b
  JOIN document r ON r.entity = b.entity AND r.stream = b.stream AND r.kind IN ('received', 'granted') AND r.to_position IS NULL
  JOIN fact f ON f.entity = r.entity AND f.position = r.position
  JOIN fact t ON t.entity = b.entity AND t.position = b.position
  LEFT JOIN document o ON o.entity = b.entity AND o.stream = b.stream AND o.kind = 'charged-back' AND o.number = b.number
                      AND o.to_position IS NULL
 WHERE b.entity = %(entity)s AND b.to_position IS NULL AND b.kind IN ('refunded', 'failed', 'charged-back', 'won')
   AND CASE WHEN b.kind = 'won' THEN o.minor ELSE abs(b.minor) END = ANY(%(amounts)s::bigint[])
   AND coalesce(t.source_kind, '') <> %(told)s
 ORDER BY b.day, b.stream, b.kind, b.number;
