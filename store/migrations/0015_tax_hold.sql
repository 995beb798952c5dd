-- Documents that wait for their tax, by whose they are: an account of a billing run, or a draft. Says
-- nothing about the books: a run measures again what it would issue, and asks again.
CREATE TABLE tax_hold (
    entity text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    document text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    known_at bigint NOT NULL,
    since timestamptz NOT NULL,
    attempts integer NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (entity, subject)
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON tax_hold TO tieout_app;
    END IF;
END
$$;
