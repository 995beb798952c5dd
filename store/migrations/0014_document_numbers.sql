-- The last number that each series of documents has given out: beside the position, under the same lock,
-- so that numbers have no holes either.
ALTER TABLE entity_head ADD COLUMN numbered jsonb NOT NULL DEFAULT '{}';

-- Numbers that documents came with, such as those of an outside system: each is one stream's for ever.
CREATE TABLE document_number (
    entity text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (entity, number)
);
SELECT make_append_only('document_number');

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_app') THEN
        GRANT SELECT, INSERT ON document_number TO tieout_app;
    END IF;
END
$$;

-- Of documents that are there already the first keeps its number.
INSERT INTO document_number (entity, number, stream, position)
SELECT DISTINCT ON (entity, number) entity, number, stream, position
  FROM (
    SELECT entity, payload::json ->> 'number' AS number, stream, position
      FROM fact
     WHERE split_part(stream, ':', 1) = 'invoice' AND tag IN ('invoice-issued', 'credit-issued')) AS issued
 ORDER BY entity, number, position;
