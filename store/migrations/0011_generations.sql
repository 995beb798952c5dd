-- What a rebuild goes on from after it was cut off, and what a rollback returns to.

-- before: the generation that readers had until the last switch, kept as it was. ready: one made
-- beside the live one that was compared with it and tied.
ALTER TABLE view_generation
    ADD COLUMN before integer CHECK (before <> live),
    ADD COLUMN ready integer CHECK (ready <> live);

-- Which views a generation holds. shape is SHA-256 over the version and the tables that were made: a
-- generation of another shape is not gone on with. has_keys: built without them, and they were added.
CREATE TABLE generation_view (
    generation integer NOT NULL,
    view text COLLATE "C" NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    shape text COLLATE "C" NOT NULL,
    has_keys boolean NOT NULL,
    PRIMARY KEY (generation, view)
);

-- Generations made until now held these two, of their first version; shapes were not kept.
INSERT INTO generation_view (generation, view, version, shape, has_keys)
SELECT substr(nspname, 6)::integer, view, 1, '', true
  FROM pg_namespace, unnest(ARRAY['trial_balance', 'receivables']) AS view
 WHERE nspname ~ '^view_[0-9]{1,9}$';

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON generation_view TO tieout_app;
    END IF;
END
$$;
