-- name: make_line
CREATE TEMPORARY TABLE floor_issued_line (
    entity text COLLATE "C" NOT NULL,
    invoice text COLLATE "C" NOT NULL,
    line bigint NOT NULL,
    minor bigint NOT NULL,
    PRIMARY KEY (entity, invoice, line)
);

-- name: make_invoice
CREATE TEMPORARY TABLE floor_issued (
    entity text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    invoice text COLLATE "C" NOT NULL,
    minor bigint NOT NULL,
    PRIMARY KEY (entity, number)
);

-- name: copy_lines
COPY floor_issued_line (entity, invoice, line, minor) FROM STDIN (FORMAT BINARY);

-- name: issue
INSERT INTO floor_issued (entity, number, invoice, minor)
SELECT entity, row_number() OVER (ORDER BY invoice), invoice, sum(minor)
  FROM floor_issued_line
 WHERE entity = %(entity)s
 GROUP BY entity, invoice;
