-- name: set_wait
-- true: until the transaction ends, as with SET LOCAL.
SELECT set_config('lock_timeout', %(wait)s, true);

-- name: lock
-- Of the session: gone with it, however it ends.
SELECT pg_advisory_lock(%(space)s, hashtext(%(what)s));

-- name: unlock
SELECT pg_advisory_unlock(%(space)s, hashtext(%(what)s));

-- name: settings
SELECT current_setting('synchronous_commit'), current_setting('client_connection_check_interval');

-- name: set_settings
-- false: for the session, as with SET.
SELECT set_config('synchronous_commit', %(durable)s, false),
       set_config('client_connection_check_interval', %(check)s, false);
