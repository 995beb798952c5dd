-- name: make_invoice
CREATE TEMPORARY TABLE floor_invoice (
    entity text COLLATE "C" NOT NULL,
    invoice text COLLATE "C" NOT NULL,
    minor bigint NOT NULL,
    PRIMARY KEY (entity, invoice)
);

-- name: make_line
CREATE TEMPORARY TABLE floor_line (
    entity text COLLATE "C" NOT NULL,
    invoice text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    subscription text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    minor bigint NOT NULL,
    PRIMARY KEY (entity, invoice, line)
);

-- name: fill_lines
-- Usage by day and batch, as charges rest on it, then by subscription.
INSERT INTO floor_line (entity, invoice, line, subscription, quantity, minor)
SELECT %(entity)s, subscription, meter, subscription, sum(quantity), round(sum(quantity) * 0.35)
  FROM (
    SELECT h.subscription, h.meter, (h.hour AT TIME ZONE 'UTC')::date AS day, b.position,
           sum(h.quantity) AS quantity
      FROM usage_hour h
      JOIN usage_batch b ON b.entity = h.entity AND b.batch = h.batch
     WHERE h.entity = %(entity)s
     GROUP BY h.subscription, h.meter, day, b.position) AS used
 GROUP BY subscription, meter;

-- name: fill_invoices
INSERT INTO floor_invoice (entity, invoice, minor)
SELECT entity, invoice, sum(minor) FROM floor_line WHERE entity = %(entity)s
 GROUP BY entity, invoice;

-- name: count_lines
SELECT count(*) FROM floor_line WHERE entity = %(entity)s;
