-- name: cleared
-- What stands by the end of a day against positions of other books, without approved adjustments.
SELECT currency, sum(minor)::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(run)s AND account = 'opening-clearing'
   AND kind <> 'adjustment' AND accounting_date <= %(day)s
 GROUP BY currency;
