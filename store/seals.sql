-- name: booked_entries
-- Every entry booked into a period of a book so far, in the order of the digest: by run, then unit; what
-- is told in another functional currency from a run on is taken back in an entry of its own.
SELECT leaf, entry
  FROM journal_entry
 WHERE entity = %(entity)s AND book = %(book)s AND booked = %(period)s AND known_at <= %(upto)s
 ORDER BY known_at, unit, functional_currency;

-- name: booked_figures
SELECT currency, count(*), coalesce(sum(minor) FILTER (WHERE minor > 0), 0)::bigint
  FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND booked = %(period)s AND known_at <= %(upto)s
 GROUP BY currency
 ORDER BY currency;

-- name: refusal_leaves
-- What was refused before a position: commands first, then rows of usage batches.
SELECT leaf
  FROM refusal
 WHERE entity = %(entity)s AND at_position < %(before)s
 ORDER BY at_position, key;

-- name: reject_leaves
SELECT r.leaf
  FROM usage_reject r
  JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
 WHERE r.entity = %(entity)s AND b.position < %(before)s
 ORDER BY b.position, r.row_no;

-- name: fact_leaves
SELECT leaf FROM fact WHERE entity = %(entity)s AND position <= %(upto)s ORDER BY position;
