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
       r.occurred_at, r.dimensions, p.position AS replaced_at, r.stream_partition, r.stream_offset
  FROM usage_row r
  JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
  LEFT JOIN usage_replaced o
    ON o.bucket = r.bucket AND o.entity = r.entity AND o.source = r.source
   AND o.event_id = r.event_id AND o.old_batch = r.batch
  LEFT JOIN usage_batch p ON p.entity = o.entity AND p.batch = o.by_batch AND p.position <= %(upto)s
 WHERE r.entity = %(entity)s AND b.position <= %(upto)s
 ORDER BY b.position, r.source, r.event_id;

-- name: keys
-- Of accepted requests whose facts are all there, and of those that were refused by then.
SELECT k.key, k.fingerprint, k.stream, k.positions
  FROM command_key k
 WHERE k.entity = %(entity)s AND %(upto)s >= ALL (k.positions)
   AND (k.outcome = 'accepted'
        OR EXISTS (SELECT FROM refusal r WHERE r.entity = k.entity AND r.key = k.key AND r.at_position <= %(upto)s))
 ORDER BY k.key;

-- name: refusals
SELECT key, stream, command, body, code, field, context, actor, reason, recorded_at, at_position, leaf
  FROM refusal
 WHERE entity = %(entity)s AND at_position <= %(upto)s
 ORDER BY at_position, key;

-- name: usage_rejects
SELECT r.source, r.batch, r.row_no, r.event_id, r.code, r.field, r.raw, r.leaf
  FROM usage_reject r
  JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
 WHERE r.entity = %(entity)s AND b.position <= %(upto)s
 ORDER BY b.position, r.row_no;
