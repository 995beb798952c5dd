-- name: events_of_stream
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload
  FROM fact
 WHERE entity = %(entity)s AND stream = %(stream)s AND version > %(after)s AND version <= %(upto)s
 ORDER BY version
 LIMIT %(limit)s;

-- name: events_of_stream_backwards
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload
  FROM fact
 WHERE entity = %(entity)s AND stream = %(stream)s AND version > %(after)s AND version <= %(upto)s
 ORDER BY version DESC
 LIMIT %(limit)s;

-- name: notifications
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload
  FROM fact
 WHERE entity = %(entity)s AND position >= %(start)s AND position <= %(stop)s
   AND (%(every_topic)s OR tag = ANY(%(topics)s))
 ORDER BY position
 LIMIT %(limit)s;
