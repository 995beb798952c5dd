-- A period's seal covers what was refused before the close, so whoever makes the journal again and
-- compares seals reads the refusals too. They are facts; the live journal stays out of sight.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_rebuild') THEN
        GRANT SELECT ON refusal, usage_reject, command_key TO tieout_rebuild;
    END IF;
END
$$;
