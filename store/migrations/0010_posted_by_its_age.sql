-- What is posted of a unit, by whether it may still move: `posted` are the slots of periods that are over,
-- to which a cut only adds, `posted_rows` of them; `open` are the others, with how far time had come.
-- A row without `open` is of the time before, and its unit is measured again when it is next settled.
ALTER TABLE unit_state ADD COLUMN posted_rows integer NOT NULL DEFAULT 0, ADD COLUMN open bytea;
