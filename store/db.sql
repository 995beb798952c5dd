-- name: set_up_session
-- Before anything else on a connection. false: for the session, as with SET.
SELECT set_config('timezone', 'UTC', false),
       set_config('statement_timeout', %(statement)s, false),
       set_config('lock_timeout', %(lock)s, false),
       set_config('idle_in_transaction_session_timeout', %(idle)s, false);
