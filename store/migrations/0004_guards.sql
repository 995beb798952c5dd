-- Append-only twice: a trigger that refuses, and roles that were never granted more than INSERT.

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, lower(TG_OP)
        USING ERRCODE = 'restrict_violation',
              HINT = 'Append a correction or a retraction instead.';
END
$$;

-- Of the statement, not of the row: refused even where no row would match. Citus has no triggers;
-- there the grants below stand alone.
CREATE FUNCTION make_append_only(guarded regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', guarded);
END
$$;

SELECT make_append_only(guarded::regclass)
  FROM unnest(ARRAY[
    'fact', 'command_key', 'refusal', 'approval',
    'usage_key', 'usage_row', 'usage_replaced', 'usage_reject', 'usage_batch', 'usage_hour',
    'journal_entry', 'journal_line', 'line_cause', 'charge']) AS guarded;

-- A month's partition, made when its first row comes. The caller has inserted the month into
-- usage_month, which is the lock. Not attached until it is guarded. Owner's rights: a role that may
-- only append rows may cause a month to be there, nothing else.
CREATE FUNCTION make_usage_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text := 'usage_row_' || to_char(month, 'YYYY_MM');
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE usage_row INCLUDING ALL)', name);
    PERFORM make_append_only(name::regclass);
    EXECUTE format(
        'ALTER TABLE usage_row ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name,
        month::timestamp AT TIME ZONE 'UTC',
        (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
END
$$;

-- Roles belong to the whole cluster and may exist, or be another's to make: then these stay away and
-- the triggers stand alone. tieout_app appends; tieout_rebuild measures again and cannot read the journal.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['tieout_app', 'tieout_rebuild'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
            RAISE NOTICE 'role % is not made here: %', wanted, SQLERRM;
        END;
        BEGIN
            IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
                EXECUTE format('GRANT %I TO %I', wanted, current_user);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE 'role % is not granted here: %', wanted, SQLERRM;
        END;
    END LOOP;
END
$$;

DO $$
DECLARE
    appended constant text := 'fact, command_key, refusal, approval, usage_key, usage_row, usage_month, '
        'usage_replaced, usage_reject, usage_batch, usage_hour, journal_entry, journal_line, line_cause, charge';
    changed constant text := 'entity_head, party, fact_unit, unit_state, checkpoint, view_generation, api_key';
    measured constant text := 'entity_head, fact, approval, usage_key, usage_row, usage_month, usage_replaced, '
        'usage_batch, usage_hour';
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_app') THEN
        EXECUTE 'GRANT SELECT, INSERT ON ' || appended || ' TO tieout_app';
        EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON ' || changed || ' TO tieout_app';
        EXECUTE 'GRANT USAGE ON SEQUENCE usage_batch_number TO tieout_app';
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_rebuild') THEN
        EXECUTE 'GRANT SELECT ON ' || measured || ' TO tieout_rebuild';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION make_usage_month(date) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_app') THEN
        GRANT EXECUTE ON FUNCTION make_usage_month(date) TO tieout_app;
    END IF;
END
$$;
