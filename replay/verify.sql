-- name: units
-- The next units in order. What could not be settled waits, is listed as an exception, and is compared
-- when it is released.
SELECT DISTINCT u.unit
  FROM fact_unit u
 WHERE u.entity = %(entity)s AND u.unit > %(after)s AND u.position <= %(run)s
   AND NOT EXISTS (SELECT FROM parked p WHERE p.entity = u.entity AND p.unit = u.unit AND p.to_run IS NULL)
 ORDER BY u.unit
 LIMIT %(limit)s;

-- name: posted
-- What all runs together left in each slot.
SELECT unit, book, earned, kind, subject, account, obligation, document,
       sum(minor)::bigint, sum(functional_minor)::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND unit = ANY (%(units)s) AND known_at <= %(run)s
 GROUP BY unit, book, earned, kind, subject, account, obligation, document
HAVING sum(minor) <> 0 OR sum(functional_minor) <> 0;

-- name: count_facts
SELECT count(*) FROM fact WHERE entity = %(entity)s;

-- name: facts_without_key
-- A fact that no key answers for could come in twice.
SELECT f.position, f.command_id
  FROM fact f
 WHERE f.entity = %(entity)s
   AND NOT EXISTS (
       SELECT FROM command_key k
        WHERE k.entity = f.entity AND k.key = f.command_id AND f.position = ANY (k.positions))
 ORDER BY f.position
 LIMIT %(limit)s;

-- name: count_keys
SELECT count(*) FROM command_key WHERE entity = %(entity)s;

-- name: keys_without_trace
-- A key is answered by facts or by a kept refusal; nothing was dropped without a record.
SELECT k.key, k.outcome
  FROM command_key k
 WHERE k.entity = %(entity)s
   AND CASE k.outcome
       WHEN 'refused' THEN NOT EXISTS (
           SELECT FROM refusal r WHERE r.entity = k.entity AND r.key = k.key)
       ELSE (SELECT count(*) FROM fact f
              WHERE f.entity = k.entity AND f.position = ANY (k.positions))
            <> cardinality(k.positions)
       END
 ORDER BY k.key
 LIMIT %(limit)s;
