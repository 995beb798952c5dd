-- name: facts
-- The log as it is stored, column by column: what the leaf was computed over, and the leaf.
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload, leaf
  FROM fact
 WHERE entity = %(entity)s AND position <= %(upto)s
 ORDER BY position;

-- name: usage_rows
-- Every version of every row, with the position its batch counts from and that of what replaced it.
SELECT r.source, r.event_id, r.batch, b.position, r.subscription, r.meter, r.quantity, r.unit,
       r.occurred_at, r.dimensions, p.position AS replaced_at
  FROM usage_row r
  JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
  LEFT JOIN usage_replaced o
    ON o.bucket = r.bucket AND o.entity = r.entity AND o.source = r.source
   AND o.event_id = r.event_id AND o.old_batch = r.batch
  LEFT JOIN usage_batch p ON p.entity = o.entity AND p.batch = o.by_batch AND p.position <= %(upto)s
 WHERE r.entity = %(entity)s AND b.position <= %(upto)s
 ORDER BY b.position, r.source, r.event_id;
