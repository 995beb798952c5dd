-- What the poster could not settle, and the usage it could not rate: findings for a person, by run.
--
-- Both are kept as spans of runs, so that an answer as known at an earlier position finds them too.

-- A unit that could not be settled waits; every later run tries it again. code is the refusal, or
-- `unexpected` with the error's own words. to_run is the run that settled it after all.
CREATE TABLE parked (
    entity text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    from_run bigint NOT NULL,
    to_run bigint CHECK (to_run > from_run),
    code text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (entity, unit, from_run)
);
CREATE UNIQUE INDEX parked_now ON parked (entity, unit) WHERE to_run IS NULL;

-- Usage without effect, and why, as judged by the run that measured its unit. position is that of
-- the batch.
CREATE TABLE usage_pending (
    entity text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    meter text COLLATE "C" NOT NULL,
    day date NOT NULL,
    position bigint NOT NULL,
    reason text COLLATE "C" NOT NULL,
    from_run bigint NOT NULL,
    to_run bigint CHECK (to_run > from_run),
    rows bigint NOT NULL,
    quantity numeric NOT NULL,
    PRIMARY KEY (entity, unit, meter, day, position, reason, from_run)
);
CREATE INDEX usage_pending_now ON usage_pending (entity, unit) WHERE to_run IS NULL;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON parked, usage_pending TO tieout_app;
    END IF;
END
$$;
