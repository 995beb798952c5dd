-- A number whose document was retracted may come again under another stream: each taking is a row, counted
-- from 0, and the last one says whose it is. Who takes a number for the first time still meets whoever did so
-- at the same moment.
ALTER TABLE document_number ADD COLUMN taking bigint NOT NULL DEFAULT 0;
ALTER TABLE document_number DROP CONSTRAINT document_number_pkey;
ALTER TABLE document_number ADD PRIMARY KEY (entity, number, taking);
