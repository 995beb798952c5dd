-- The log: facts by entity and position, the keys of commands, what was refused, who approved, who is who.
--
-- entity comes first in every key, so that the tables can be spread by it. Text that sorts or joins is
-- collated "C": bytes order alike on every machine, and a digest over sorted rows must not depend on a locale.

-- One row per legal entity: its lock gives gap-free positions in commit order. epoch fences a stale writer.
CREATE TABLE entity_head (
    entity text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    recorded_at timestamptz,
    epoch integer NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

-- A fact is never changed. leaf is SHA-256 over every other column in the encoding tieout-fact-1.
-- effective, effective_at, agreed_on and sort_order are When; payload is the event without them, canonical JSON.
CREATE TABLE fact (
    entity text COLLATE "C" NOT NULL,
    position bigint NOT NULL CHECK (position > 0),
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version >= 0),
    tag text COLLATE "C" NOT NULL,
    schema_version integer NOT NULL CHECK (schema_version >= 0),
    effective date NOT NULL,
    effective_at timestamptz,
    agreed_on date,
    sort_order bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    actor text NOT NULL,
    reason text,
    correlation_id text,
    causation_id text,
    trace_id text,
    source_system text COLLATE "C",
    source_kind text COLLATE "C",
    source_id text COLLATE "C",
    source_version text COLLATE "C",
    corrects bigint CHECK (corrects < position),
    payload text NOT NULL,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    PRIMARY KEY (entity, position),
    UNIQUE (entity, stream, version)
);

-- An outside fact is accepted once for ever, whatever key it comes under.
CREATE UNIQUE INDEX fact_source ON fact (entity, source_system, source_kind, source_id, source_version)
 WHERE source_id IS NOT NULL;

-- Master data is read by category, the part of the stream's name before the colon.
CREATE INDEX fact_category ON fact (entity, split_part(stream, ':', 1), position);

-- The facts that correct others: few, and asked for by the fact they replace.
CREATE INDEX fact_corrects ON fact (entity, corrects) WHERE corrects IS NOT NULL;

-- A key never expires. fingerprint is SHA-256 over what was asked, to tell a repeat from a misuse.
CREATE TABLE command_key (
    entity text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    outcome text NOT NULL CHECK (outcome IN ('accepted', 'refused')),
    stream text COLLATE "C" NOT NULL,
    positions bigint[] NOT NULL,
    PRIMARY KEY (entity, key),
    CHECK ((outcome = 'refused') = (positions = '{}'))
);

-- What the domain said no to: final for its key. at_position is the head it was judged at.
CREATE TABLE refusal (
    entity text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    command text COLLATE "C" NOT NULL,
    body text NOT NULL,
    code text COLLATE "C" NOT NULL,
    field text,
    context text NOT NULL,
    actor text NOT NULL,
    reason text,
    recorded_at timestamptz NOT NULL,
    at_position bigint NOT NULL,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    PRIMARY KEY (entity, key)
);
CREATE INDEX refusal_at ON refusal (entity, at_position);

-- Two people, by the database itself: the row repeats the preparer so that a CHECK can compare.
CREATE TABLE approval (
    entity text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    preparer text COLLATE "C" NOT NULL,
    approver text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (entity, position),
    CONSTRAINT preparer_is_not_approver CHECK (preparer <> approver)
);

-- The party vault: the one place for person data, and the one table that forgets.
-- Facts hold the id and digest = SHA-256 over salt and content; erasing drops content and salt.
CREATE TABLE party (
    entity text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    content text,
    salt bytea,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    stored_at timestamptz NOT NULL,
    erased_at timestamptz,
    PRIMARY KEY (entity, id, digest),
    CHECK ((content IS NULL) = (erased_at IS NOT NULL)),
    CHECK ((content IS NULL) = (salt IS NULL))
);
