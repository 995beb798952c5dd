-- name: make_head
-- The first fact of an entity makes its head; a second first waits here and then does nothing.
INSERT INTO entity_head (entity) VALUES (%(entity)s) ON CONFLICT DO NOTHING;

-- name: lock_head
-- Whoever holds this row decides alone: positions are gap-free and in commit order.
SELECT position, recorded_at, epoch, numbered FROM entity_head WHERE entity = %(entity)s FOR UPDATE;

-- name: move_head
UPDATE entity_head
   SET position = %(position)s, recorded_at = %(recorded_at)s, numbered = %(numbered)s::jsonb
 WHERE entity = %(entity)s AND position = %(was)s AND epoch = %(epoch)s;

-- name: one_head
SELECT position, recorded_at, epoch, numbered FROM entity_head WHERE entity = %(entity)s;

-- name: all_heads
-- Followers poll this, once for all entities.
SELECT entity, position FROM entity_head ORDER BY entity;

-- name: copy_facts
COPY fact (entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
           sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
           source_system, source_kind, source_id, source_version, corrects, payload, leaf)
FROM STDIN (FORMAT BINARY);

-- name: any_stream_between
-- Whether anything lies from one name to the other: between numbers not given yet there is nothing.
SELECT 1 FROM fact
 WHERE entity = %(entity)s AND stream BETWEEN %(first)s AND %(last)s
 ORDER BY stream
 LIMIT 1;

-- name: stream_versions
-- The end of each stream, by one look into the index however long the stream is.
SELECT wanted.stream, last.version
  FROM unnest(%(streams)s::text[]) AS wanted (stream)
 CROSS JOIN LATERAL (
    SELECT version FROM fact
     WHERE entity = %(entity)s AND stream = wanted.stream
     ORDER BY version DESC
     LIMIT 1) AS last;

-- name: read_from
-- A page of the log after a position, in order. Gap-free, so the reader asserts that none is missing.
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload
  FROM fact
 WHERE entity = %(entity)s AND position > %(after)s AND position <= %(upto)s
 ORDER BY position
 LIMIT %(limit)s;

-- name: read_streams
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload
  FROM fact
 WHERE entity = %(entity)s AND stream = ANY(%(streams)s) AND position <= %(upto)s
 ORDER BY position;

-- name: read_categories
-- Every fact of some kinds of stream, such as all master data.
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload
  FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = ANY(%(categories)s) AND position <= %(upto)s
 ORDER BY position;

-- name: read_positions
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload
  FROM fact
 WHERE entity = %(entity)s AND position = ANY(%(positions)s)
 ORDER BY position;

-- name: read_leaves
-- Rows with the leaf stored beside them, to be compared with the leaf computed again.
SELECT entity, position, stream, version, tag, schema_version, effective, effective_at, agreed_on,
       sort_order, recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id,
       source_system, source_kind, source_id, source_version, corrects, payload, leaf
  FROM fact
 WHERE entity = %(entity)s AND position > %(after)s
 ORDER BY position
 LIMIT %(limit)s;
