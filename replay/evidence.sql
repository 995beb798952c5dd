-- name: taken
-- The last taking of each number says whose it is.
SELECT number, stream
  FROM (
    SELECT DISTINCT ON (number) number, stream FROM document_number
     WHERE entity = %(entity)s AND number = ANY(%(numbers)s::text[])
     ORDER BY number, taking DESC) AS last
 WHERE stream <> %(stream)s;
