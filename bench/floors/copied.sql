-- name: partitioning
-- How a table is spread over partitions; nothing for a plain one.
SELECT pg_get_partkeydef(%(table)s::regclass);

-- name: partitions
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = %(table)s::regclass
 ORDER BY c.relname;
