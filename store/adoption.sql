-- name: group_facts
-- Shared master data of the group, with the leaf that the adopting fact repeats.
SELECT position, encode(leaf, 'hex')
  FROM fact
 WHERE entity = %(group)s AND split_part(stream, ':', 1) = ANY(%(categories)s)
   AND position > %(after)s
 ORDER BY position;
