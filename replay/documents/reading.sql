-- name: account_streams
-- Documents and money of some customers: what the poster has routed to their accounts, and among what came
-- since what names them. What opens a contract moves no receivable.
SELECT u.unit, own.stream
  FROM unnest(%(units)s::text[]) AS u (unit)
 CROSS JOIN LATERAL (
    SELECT a.position FROM fact_unit a WHERE a.entity = %(entity)s AND a.unit = u.unit OFFSET 0) AS routed
 CROSS JOIN LATERAL (
    SELECT f.stream FROM fact f
     WHERE f.entity = %(entity)s AND f.position = routed.position AND f.position <= %(upto)s OFFSET 0) AS own
 WHERE split_part(own.stream, ':', 1) = ANY(%(categories)s::text[])
 UNION
SELECT 'customer:' || (payload::json ->> 'customer') || ':' || coalesce(payload::json ->> 'currency', ''), stream
  FROM fact
 WHERE entity = %(entity)s AND position > %(passed)s AND position <= %(upto)s
   AND split_part(stream, ':', 1) = ANY(%(categories)s::text[])
   AND payload::json ->> 'customer' = ANY(%(customers)s::text[]);
