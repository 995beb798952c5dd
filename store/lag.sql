-- name: lag
-- The oldest fact not passed is the one after the checkpoint: positions have no holes.
SELECT h.entity, p.projection, h.position, coalesce(c.position, 0),
       greatest(0, extract(epoch FROM clock_timestamp() - f.recorded_at))::bigint,
       CASE WHEN l.expires_at > clock_timestamp() THEN l.holder END
  FROM entity_head h
 CROSS JOIN unnest(%(projections)s::text[]) WITH ORDINALITY AS p (projection, place)
  LEFT JOIN checkpoint c
    ON c.entity = h.entity AND c.projection = p.projection AND c.generation IN (0, %(generation)s)
  LEFT JOIN fact f ON f.entity = h.entity AND f.position = coalesce(c.position, 0) + 1
  LEFT JOIN worker_lease l ON l.entity = h.entity
 WHERE %(entity)s::text IS NULL OR h.entity = %(entity)s
 ORDER BY h.entity, p.place;
