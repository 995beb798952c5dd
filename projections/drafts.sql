-- name: drafted
-- Drafts that no issue in force followed; what was thrown away is told apart by who reads them.
SELECT DISTINCT drafted.stream
  FROM fact drafted
 WHERE drafted.entity = %(entity)s AND drafted.tag = 'invoice-drafted' AND drafted.position <= %(known_at)s
   AND NOT EXISTS (
    SELECT FROM fact issued
     WHERE issued.entity = %(entity)s AND issued.stream = drafted.stream AND issued.tag = 'invoice-issued'
       AND issued.position <= %(known_at)s
       AND NOT EXISTS (
        SELECT FROM fact c
         WHERE c.entity = %(entity)s AND c.corrects = issued.position AND c.position <= %(known_at)s))
 ORDER BY drafted.stream;
