-- name: acts
-- A refusal has no position of its own: it stands behind the fact that was the head when it was judged.
SELECT position, outcome, recorded_at, actor, reason, stream, what, key, effective, corrects, approved_by,
       source, code, field, content
  FROM (
    SELECT f.position, 'accepted' AS outcome, f.recorded_at, f.actor, f.reason, f.stream, f.tag AS what,
           f.command_id AS key, f.effective, f.corrects, a.approver AS approved_by,
           f.source_system || '/' || f.source_kind || '/' || f.source_id || '/' || f.source_version AS source,
           NULL AS code, NULL AS field, f.payload AS content
      FROM fact f
      LEFT JOIN approval a ON a.entity = f.entity AND a.position = f.position
     WHERE f.entity = %(entity)s AND f.position > %(after)s AND f.position <= %(known_at)s
     UNION ALL
    SELECT at_position, 'refused', recorded_at, actor, reason, stream, command, key, NULL, NULL, NULL, NULL,
           code, field, body
      FROM refusal
     WHERE entity = %(entity)s AND at_position > %(after)s AND at_position <= %(known_at)s
  ) AS act
 WHERE (%(stream)s::text IS NULL OR stream = %(stream)s)
   AND (%(actor)s::text IS NULL OR actor = %(actor)s)
   AND (recorded_at AT TIME ZONE 'UTC')::date <= %(through)s
 ORDER BY position, outcome, recorded_at, key
 LIMIT %(limit)s;
