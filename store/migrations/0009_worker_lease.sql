-- Which worker brings an entity's poster and views to the head, and until when. Says nothing about the
-- books: the checkpoints alone keep a fact from being passed twice.
--
-- fence grows with every other holder, so whoever was overtaken can tell. backend and backend_since
-- name the holder's session: if it is found standing in a transaction, it is ended before another begins.
CREATE TABLE worker_lease (
    entity text COLLATE "C" PRIMARY KEY,
    holder text COLLATE "C" NOT NULL,
    fence bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    backend integer,
    backend_since timestamptz
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieout_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON worker_lease TO tieout_app;
    END IF;
END
$$;
