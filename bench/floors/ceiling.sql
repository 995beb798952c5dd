-- name: make
CREATE TABLE floor_ceiling (
    position bigint NOT NULL,
    stream bigint NOT NULL,
    version integer NOT NULL,
    type smallint NOT NULL,
    state bytea NOT NULL
);
