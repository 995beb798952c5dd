-- name: load_group
-- All that a group of commands is decided on, as of one instant: part 0 the head and what the row types
-- are called here, 1 keys, 2 outside names, 3 the facts of each stream after those remembered, 4 numbers
-- that documents came with. Each is
-- one look into an index: LATERAL with LIMIT or ORDER BY leaves the planner no other way, also while it
-- does not know yet how large the tables have become. (SELECT array) hides how many are asked for: one plan
-- serves all, where a plan for each short array costs more than its answer.
SELECT 3 AS part, f.position, f.stream, f.version, f.tag, f.schema_version, f.effective, f.effective_at,
       f.agreed_on, f.sort_order, f.recorded_at, f.command_id, f.actor, f.reason, f.correlation_id,
       f.causation_id, f.trace_id, f.source_system, f.source_kind, f.source_id, f.source_version,
       f.corrects, f.payload, NULL::bytea AS fingerprint, NULL::bigint[] AS positions
  FROM unnest((SELECT %(streams)s::text[]), (SELECT %(after)s::bigint[])) AS wanted (stream, after)
 CROSS JOIN LATERAL (
    SELECT position, stream, version, tag, schema_version, effective, effective_at, agreed_on, sort_order,
           recorded_at, command_id, actor, reason, correlation_id, causation_id, trace_id, source_system,
           source_kind, source_id, source_version, corrects, payload
      FROM fact
     WHERE entity = %(entity)s AND stream = wanted.stream AND version > wanted.after
     ORDER BY version) AS f
UNION ALL
SELECT 0, h.position, NULL, h.epoch, NULL, NULL, NULL, NULL, NULL, NULL, h.recorded_at, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, h.numbered::text, NULL,
       ARRAY['fact'::regtype::oid::bigint, 'command_key'::regtype::oid::bigint,
             'refusal'::regtype::oid::bigint, 'approval'::regtype::oid::bigint,
             'document_number'::regtype::oid::bigint]
  FROM (VALUES (%(entity)s)) AS asked (entity)
  LEFT JOIN entity_head h ON h.entity = asked.entity
UNION ALL
SELECT 1, NULL, k.stream, NULL, r.code, NULL, NULL, NULL, NULL, NULL, NULL, k.key, NULL, r.field,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, r.context, k.fingerprint, k.positions
  FROM unnest((SELECT %(keys)s::text[])) AS wanted (key)
 CROSS JOIN LATERAL (
    SELECT key, stream, fingerprint, positions FROM command_key
     WHERE entity = %(entity)s AND key = wanted.key
     LIMIT 1) AS k
  LEFT JOIN LATERAL (
    SELECT code, field, context FROM refusal
     WHERE entity = %(entity)s AND key = k.key AND k.positions = '{}'
     LIMIT 1) AS r ON true
UNION ALL
SELECT 2, NULL, k.stream, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       f.source_system, f.source_kind, f.source_id, f.source_version, NULL, NULL, k.fingerprint, k.positions
  FROM unnest((SELECT %(systems)s::text[]), (SELECT %(kinds)s::text[]),
              (SELECT %(ids)s::text[]), (SELECT %(versions)s::text[]))
       AS wanted (system, kind, id, version)
 CROSS JOIN LATERAL (
    SELECT command_id, source_system, source_kind, source_id, source_version FROM fact
     WHERE entity = %(entity)s AND source_system = wanted.system AND source_kind = wanted.kind
       AND source_id = wanted.id AND source_version = wanted.version
     LIMIT 1) AS f
 CROSS JOIN LATERAL (
    SELECT stream, fingerprint, positions FROM command_key
     WHERE entity = %(entity)s AND key = f.command_id
     LIMIT 1) AS k
UNION ALL
SELECT 4, n.taking, n.stream, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, n.number, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM unnest((SELECT %(numbers)s::text[])) AS wanted (number)
 CROSS JOIN LATERAL (
    SELECT number, stream, taking FROM document_number
     WHERE entity = %(entity)s AND number = wanted.number
     ORDER BY taking DESC LIMIT 1) AS n;

-- name: write_group
-- The whole group or nothing, and its own transaction. Whoever finds the head where it was read moves it
-- and holds its row until the commit; whoever comes too late writes nothing and is told 0.
WITH moved AS (
    INSERT INTO entity_head AS head (entity, position, recorded_at, numbered)
    VALUES (%(entity)s, %(position)s, %(recorded_at)s::timestamptz, %(numbered)s::jsonb)
        ON CONFLICT (entity) DO UPDATE
       SET position = excluded.position, recorded_at = excluded.recorded_at, numbered = excluded.numbered
     WHERE head.position = %(was)s AND head.epoch = %(epoch)s
    RETURNING head.entity
), facts AS (
    INSERT INTO fact (entity, position, stream, version, tag, schema_version, effective, effective_at,
                      agreed_on, sort_order, recorded_at, command_id, actor, reason, correlation_id,
                      causation_id, trace_id, source_system, source_kind, source_id, source_version,
                      corrects, payload, leaf)
    SELECT f.entity, f.position, f.stream, f.version, f.tag, f.schema_version, f.effective, f.effective_at,
           f.agreed_on, f.sort_order, f.recorded_at, f.command_id, f.actor, f.reason, f.correlation_id,
           f.causation_id, f.trace_id, f.source_system, f.source_kind, f.source_id, f.source_version,
           f.corrects, f.payload, f.leaf
      FROM moved CROSS JOIN unnest(%(facts)s::fact[]) AS f
), keys AS (
    INSERT INTO command_key (entity, key, fingerprint, outcome, stream, positions)
    SELECT k.entity, k.key, k.fingerprint, k.outcome, k.stream, k.positions
      FROM moved CROSS JOIN unnest(%(keys)s::command_key[]) AS k
), refusals AS (
    INSERT INTO refusal (entity, key, stream, command, body, code, field, context, actor, reason,
                         recorded_at, at_position, leaf)
    SELECT r.entity, r.key, r.stream, r.command, r.body, r.code, r.field, r.context, r.actor, r.reason,
           r.recorded_at, r.at_position, r.leaf
      FROM moved CROSS JOIN unnest(%(refusals)s::refusal[]) AS r
), approvals AS (
    INSERT INTO approval (entity, subject, preparer, approver, position)
    SELECT a.entity, a.subject, a.preparer, a.approver, a.position
      FROM moved CROSS JOIN unnest(%(approvals)s::approval[]) AS a
), numbers AS (
    INSERT INTO document_number (entity, number, stream, position, taking)
    SELECT n.entity, n.number, n.stream, n.position, n.taking
      FROM moved CROSS JOIN unnest(%(numbers)s::document_number[]) AS n
)
SELECT count(*) FROM moved;

-- name: copy_approvals
-- The CHECK of this table refuses an approval of one's own, whoever computed it.
COPY approval (entity, subject, preparer, approver, position) FROM STDIN (FORMAT BINARY);

-- name: copy_numbers
COPY document_number (entity, number, stream, position, taking) FROM STDIN (FORMAT BINARY);
