-- name: database_exists
-- A start that was killed between init and here leaves a cluster without our database.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'tieout');

-- name: create_database
-- The one database of the private server. C collation, so that text sorts alike on every machine.
CREATE DATABASE tieout;
