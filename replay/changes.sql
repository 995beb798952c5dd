-- name: streams
-- The next streams of some kinds, in order of their names.
SELECT DISTINCT stream FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = ANY(%(categories)s) AND stream > %(after)s
 ORDER BY stream
 LIMIT %(limit)s;
