-- name: another_actor
-- Anything that the demo did not say itself makes it a ledger of somebody's.
SELECT 1 FROM fact WHERE actor <> %(actor)s LIMIT 1;

-- name: drop_all
-- The tables, their partitions, every generation of views, and journals begun again.
DO $$
DECLARE
    one text;
BEGIN
    FOR one IN SELECT nspname FROM pg_namespace
                WHERE nspname ~ '^(view_[0-9]+|rebuild_[0-9a-f]+)$' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', one);
    END LOOP;
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public;
    -- As a new database has it: roles that may only read or append find the tables here.
    GRANT USAGE ON SCHEMA public TO PUBLIC;
END
$$;
