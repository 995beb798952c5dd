-- What tax engines are told of documents that are facts, and whether they confirmed it. Made from the
-- log, so that a message is neither lost nor sent before its fact.
CREATE TABLE tax_message (
    entity text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    engine text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    code text COLLATE "C",
    confirmed_at timestamptz,
    PRIMARY KEY (entity, position)
);
CREATE INDEX tax_message_open ON tax_message (entity, position) WHERE confirmed_at IS NULL;
CREATE INDEX tax_message_stream ON tax_message (entity, stream);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON tax_message TO tieout_app;
    END IF;
END
$$;
