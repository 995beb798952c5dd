-- name: limits
SELECT current_setting('statement_timeout'), current_setting('lock_timeout');

-- name: set_limits
-- false: for the session, as with SET.
SELECT set_config('statement_timeout', %(statement)s, false), set_config('lock_timeout', %(lock)s, false);
