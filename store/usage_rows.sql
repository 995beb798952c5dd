-- name: next_batch
-- Given before any lock is taken; it only has to be new, its order means nothing.
SELECT nextval('usage_batch_number');

-- name: batch_of_number
SELECT batch FROM usage_batch
 WHERE entity = %(entity)s AND source = %(source)s AND batch_number = %(batch_number)s;

-- name: insert_batch
INSERT INTO usage_batch (entity, batch, source, position, batch_number)
VALUES (%(entity)s, %(batch)s, %(source)s, %(position)s, %(batch_number)s);

-- name: rejects
-- The rows of a batch that were not taken, with the reason.
SELECT row_no, event_id, code, field, raw
  FROM usage_reject
 WHERE entity = %(entity)s AND batch = %(batch)s
 ORDER BY row_no;
