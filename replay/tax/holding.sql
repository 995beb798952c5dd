-- name: release
DELETE FROM tax_hold WHERE entity = %(entity)s AND subject = ANY(%(released)s::text[]);

-- name: hold
-- One row for each subject, however often it is asked: it waits since the first time.
INSERT INTO tax_hold AS h (entity, subject, document, code, detail, known_at, since, attempts, last_at)
SELECT %(entity)s, t.subject, t.document, t.code, t.detail, %(known_at)s, %(at)s, 1, %(at)s
  FROM unnest(%(subjects)s::text[], %(documents)s::text[], %(codes)s::text[], %(details)s::text[])
    AS t (subject, document, code, detail)
ON CONFLICT (entity, subject) DO UPDATE
   SET document = excluded.document, code = excluded.code, detail = excluded.detail,
       attempts = h.attempts + 1, last_at = excluded.last_at;
