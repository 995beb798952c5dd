-- Usage: keys that are unique for ever, immutable rows by month, and totals per whole UTC hour.
--
-- bucket = hash(entity, source, event id) mod 256 comes first in keys and rows, so that they spread
-- evenly. The batch number is given before any lock; only the batch's fact has a position.

CREATE SEQUENCE usage_batch_number AS bigint;

-- batch is the one that first brought the event; fingerprint is over its content, to tell a repeat from another body.
CREATE TABLE usage_key (
    bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 255),
    entity text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    batch bigint NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    PRIMARY KEY (bucket, entity, source, event_id)
);

-- A row counts from the position of its batch until that of the batch that replaces it (usage_replaced).
-- stream_partition and stream_offset are reserved for rows that come through a log-structured stream.
CREATE TABLE usage_row (
    bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 255),
    entity text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    batch bigint NOT NULL,
    subscription text COLLATE "C" NOT NULL,
    meter text COLLATE "C" NOT NULL,
    quantity numeric(38, 15) NOT NULL,
    unit text,
    occurred_at timestamptz NOT NULL,
    dimensions text NOT NULL DEFAULT '{}',
    stream_partition integer,
    stream_offset bigint,
    PRIMARY KEY (bucket, entity, source, event_id, batch, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX usage_row_subscription ON usage_row (entity, subscription, meter, occurred_at);
CREATE INDEX usage_row_batch ON usage_row (entity, batch);

-- Which months have a partition. The insert of a new month waits for whoever makes the same one.
CREATE TABLE usage_month (month date PRIMARY KEY CHECK (extract(day FROM month) = 1));

-- One version of an event, replaced or retracted by a later batch. A correction can itself be corrected.
CREATE TABLE usage_replaced (
    bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 255),
    entity text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    old_batch bigint NOT NULL,
    by_batch bigint NOT NULL CHECK (by_batch > old_batch),
    PRIMARY KEY (bucket, entity, source, event_id, old_batch)
);
CREATE INDEX usage_replaced_by ON usage_replaced (entity, by_batch);
CREATE INDEX usage_replaced_old ON usage_replaced (entity, old_batch);

-- Rows that were not accepted, as they came, with the reason; their ids stay free.
CREATE TABLE usage_reject (
    entity text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    batch bigint NOT NULL,
    row_no bigint NOT NULL,
    event_id text COLLATE "C",
    code text COLLATE "C" NOT NULL,
    field text,
    raw text NOT NULL,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    PRIMARY KEY (entity, batch, row_no)
);

-- From the ledger's batch number to the position of the batch's fact.
CREATE TABLE usage_batch (
    entity text COLLATE "C" NOT NULL,
    batch bigint NOT NULL,
    source text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    batch_number bigint,
    PRIMARY KEY (entity, batch),
    UNIQUE (entity, position),
    UNIQUE (entity, source, batch_number)
);

-- What one batch adds to one UTC hour: a correction's batch holds -old +new, so usage known at a
-- position is the sum over the batches up to it. An accelerator for sum and count, nothing else.
CREATE TABLE usage_hour (
    entity text COLLATE "C" NOT NULL,
    subscription text COLLATE "C" NOT NULL,
    meter text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    batch bigint NOT NULL,
    rows bigint NOT NULL,
    quantity numeric NOT NULL,
    PRIMARY KEY (entity, subscription, meter, hour, batch)
);
