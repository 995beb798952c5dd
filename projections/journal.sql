-- name: last_entry
SELECT coalesce(max(entry), 0) FROM journal_entry WHERE entity = %(entity)s;
