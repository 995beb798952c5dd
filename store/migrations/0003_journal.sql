-- What is derived from the log: the journal, its causes, charges, and the state of the poster and the views.

-- Which accounting units a fact belongs to, filled by the poster as it passes the fact.
CREATE TABLE fact_unit (
    entity text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (entity, unit, position)
);
CREATE INDEX fact_unit_position ON fact_unit (entity, position);

-- The last schedule of a unit in a book: a cache, measured again at will.
CREATE TABLE unit_state (
    entity text COLLATE "C" NOT NULL,
    book text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    measured_at bigint NOT NULL,
    settled_at bigint NOT NULL,
    schedule bytea NOT NULL,
    moves_until date,
    PRIMARY KEY (entity, book, unit)
);

-- What one run posted for one unit of one book into one period. leaf is tieout-entry-1 over the entry and its lines.
CREATE TABLE journal_entry (
    entity text COLLATE "C" NOT NULL,
    entry bigint NOT NULL CHECK (entry > 0),
    book text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    known_at bigint NOT NULL,
    booked text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    functional_currency text COLLATE "C" NOT NULL,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    PRIMARY KEY (entity, entry),
    UNIQUE (entity, known_at, unit, book, booked)
);
CREATE INDEX journal_entry_booked ON journal_entry (entity, book, booked, known_at);

CREATE TABLE journal_line (
    entity text COLLATE "C" NOT NULL,
    entry bigint NOT NULL,
    line integer NOT NULL CHECK (line > 0),
    book text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    known_at bigint NOT NULL,
    booked text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    obligation text COLLATE "C" NOT NULL,
    document text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    earned date NOT NULL,
    accounting_date date NOT NULL,
    currency text COLLATE "C" NOT NULL,
    minor bigint NOT NULL,
    functional_currency text COLLATE "C" NOT NULL,
    functional_minor bigint NOT NULL,
    rule text COLLATE "C" NOT NULL,
    PRIMARY KEY (entity, entry, line)
);
CREATE INDEX journal_line_unit ON journal_line (entity, book, unit, known_at);
CREATE INDEX journal_line_account ON journal_line (entity, book, account, known_at);

-- The facts without which a line's amount, or the steps that explain it, would differ (law 8).
CREATE TABLE line_cause (
    entity text COLLATE "C" NOT NULL,
    entry bigint NOT NULL,
    line integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (entity, entry, line, position)
);
CREATE INDEX line_cause_position ON line_cause (entity, position);

-- What usage and terms should cost, by the run that measured it; delta_minor is the change it made.
CREATE TABLE charge (
    entity text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    unit text COLLATE "C" NOT NULL,
    subscription text COLLATE "C" NOT NULL,
    item text COLLATE "C" NOT NULL,
    price text COLLATE "C" NOT NULL,
    service_from date NOT NULL,
    service_to date NOT NULL,
    quantity numeric NOT NULL,
    minor bigint NOT NULL,
    delta_minor bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    rule text COLLATE "C" NOT NULL,
    PRIMARY KEY (entity, position, unit, subscription, item, price, service_from, service_to)
);
CREATE INDEX charge_subscription ON charge (entity, subscription, item, service_from);

-- How far a projection is in one entity's log. fence names the worker that may move it.
CREATE TABLE checkpoint (
    entity text COLLATE "C" NOT NULL,
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    position bigint NOT NULL,
    cursor text,
    fence bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (entity, projection, generation)
);

-- Which schema of views is live. A rebuild fills another and then switches this one row.
CREATE TABLE view_generation (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    live integer NOT NULL
);
INSERT INTO view_generation (live) VALUES (1);

-- Keys to the HTTP face, hashed.
CREATE TABLE api_key (
    name text COLLATE "C" PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
