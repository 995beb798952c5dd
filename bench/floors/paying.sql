-- name: make_money
CREATE TEMPORARY TABLE floor_money (
    entity text COLLATE "C" NOT NULL,
    entry text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    minor bigint NOT NULL,
    PRIMARY KEY (entity, entry)
);

-- name: make_paid
CREATE TEMPORARY TABLE floor_paid (
    entity text COLLATE "C" NOT NULL,
    entry text COLLATE "C" NOT NULL,
    document text COLLATE "C" NOT NULL,
    minor bigint NOT NULL,
    PRIMARY KEY (entity, entry)
);

-- name: copy_money
COPY floor_money (entity, entry, reference, minor) FROM STDIN (FORMAT BINARY);

-- name: pay
INSERT INTO floor_paid (entity, entry, document, minor)
SELECT entity, entry, reference, minor FROM floor_money WHERE entity = %(entity)s;

-- name: make_item
CREATE TEMPORARY TABLE floor_item (
    customer text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    due_on date NOT NULL,
    minor bigint NOT NULL
);

-- name: fill_items
INSERT INTO floor_item (customer, currency, due_on, minor)
SELECT 'c' || n %% 10000, 'USD', date '2025-01-01' + n %% 365, n %% 9973 + 1
  FROM generate_series(1, %(count)s) AS n;

-- name: age
SELECT customer, currency, width_bucket(date '2025-12-31' - due_on, ARRAY[1, 31, 61, 91]) AS age, sum(minor)
  FROM floor_item
 GROUP BY customer, currency, age;
