-- name: make_tables
CREATE TABLE document (
    entity text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    day date NOT NULL,
    due_on date,
    minor bigint NOT NULL,
    series text COLLATE "C",
    debits boolean NOT NULL,
    position bigint NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    payer text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    PRIMARY KEY (entity, stream, position, from_position)
);

-- Each amount that makes an invoice more or less open, with all that an age needs beside it: what is open
-- at any day, as known at any position, is a sum, and no balance is stored. reported_on and earned_on are
-- the day it counts from on either basis, if it does; stated: what a fact says money is for, whose posting is another row.
CREATE TABLE open_amount (
    entity text COLLATE "C" NOT NULL,
    document text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    book text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    issued_on date,
    due_on date,
    minor bigint NOT NULL,
    reported_on date,
    earned_on date,
    position bigint NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint
);
-- A document that a correction touches is laid out again, also on a first pass.
CREATE INDEX open_amount_document ON open_amount (entity, document);
-- What a payer may name or is known by: looked for when money comes in.
CREATE INDEX open_amount_customer ON open_amount (entity, customer) WHERE kind = 'issued';
CREATE INDEX open_amount_reference ON open_amount (entity, reference) WHERE kind = 'issued';
CREATE INDEX open_amount_stated ON open_amount (entity, stream) WHERE kind = 'stated';
CREATE INDEX document_received ON document (entity, customer) WHERE kind = 'received';
CREATE INDEX document_payer ON document (entity, payer) WHERE payer <> '';

-- name: document_facts
SELECT position FROM fact
 WHERE entity = %(entity)s AND position > %(after)s AND position <= %(upto)s
   AND split_part(stream, ':', 1) IN ('balance', 'invoice', 'payment');

-- name: taken_back
-- Of some streams those in which money was unapplied by then, from whatever day on.
SELECT DISTINCT stream FROM fact
 WHERE entity = %(entity)s AND stream = ANY(%(streams)s) AND position <= %(after)s
   AND tag IN ('balance-unapplied', 'payment-unapplied');

-- name: forget
DELETE FROM document WHERE entity = %(entity)s AND stream = ANY(%(streams)s);

-- name: copy_documents
COPY document (entity, stream, kind, number, customer, currency, day, due_on, minor, series, debits, position,
               from_position, to_position, payer, channel)
FROM STDIN (FORMAT BINARY);

-- name: forget_amounts
DELETE FROM open_amount
 WHERE entity = %(entity)s AND document = ANY(%(documents)s) AND stream = ANY(%(streams)s);

-- name: copy_amounts
COPY open_amount (entity, document, stream, kind, book, number, reference, customer, currency, issued_on, due_on, minor,
                  reported_on, earned_on, position, from_position, to_position)
FROM STDIN (FORMAT BINARY);

-- name: fold_posted
-- What runs in between posted to receivables: what settles a document, and documents booked later than
-- they were due to be, which are not yet reported in between. A line counts for each version of its invoice
-- as long as that stands. Entries are numbered run by run, so what is new lies between two numbers.
INSERT INTO open_amount (entity, document, stream, kind, book, number, reference, customer, currency, issued_on, due_on,
                         minor, reported_on, earned_on, position, from_position, to_position)
SELECT l.entity, l.document, 'journal', m.kind, l.book, '', '', i.customer, i.currency, i.issued_on, i.due_on,
       m.sign * l.minor, m.reported_on, m.earned_on, l.known_at, greatest(l.known_at, i.from_position), i.to_position
  FROM journal_line l
 CROSS JOIN LATERAL (
    SELECT 'posted' AS kind, 1 AS sign, l.accounting_date AS reported_on, least(l.accounting_date, l.earned) AS earned_on
     WHERE l.kind NOT IN ('billing', 'adjustment', 'prepaid')
     UNION ALL
    SELECT 'later', side.sign, side.day, NULL
      FROM (VALUES (-1, l.earned), (1, l.accounting_date)) AS side (sign, day)
     WHERE l.kind = 'billing' AND l.accounting_date > l.earned) AS m
  JOIN open_amount i
    ON i.entity = l.entity AND i.document = l.document AND i.kind = 'issued' AND i.currency = l.currency
   AND (i.to_position IS NULL OR i.to_position > l.known_at)
 WHERE l.entity = %(entity)s AND l.account = 'accounts-receivable'
   AND l.entry >= coalesce((
       SELECT min(e.entry + 0) FROM journal_entry e
        WHERE e.entity = %(entity)s
          AND e.known_at = (SELECT min(r.known_at) FROM journal_entry r
                             WHERE r.entity = %(entity)s AND r.known_at > %(after)s)), 9223372036854775807)
   AND l.entry < coalesce((
       SELECT min(e.entry + 0) FROM journal_entry e
        WHERE e.entity = %(entity)s
          AND e.known_at = (SELECT min(r.known_at) FROM journal_entry r
                             WHERE r.entity = %(entity)s AND r.known_at > %(upto)s)), 9223372036854775807);

-- name: posted_again
-- The same for documents laid out again, whatever was posted of them before: found by the units of their facts.
INSERT INTO open_amount (entity, document, stream, kind, book, number, reference, customer, currency, issued_on, due_on,
                         minor, reported_on, earned_on, position, from_position, to_position)
SELECT l.entity, l.document, 'journal', m.kind, l.book, '', '', i.customer, i.currency, i.issued_on, i.due_on,
       m.sign * l.minor, m.reported_on, m.earned_on, l.known_at, greatest(l.known_at, i.from_position), i.to_position
  FROM (SELECT DISTINCT unit FROM fact_unit
         WHERE entity = %(entity)s AND position = ANY(%(positions)s)) AS u
 CROSS JOIN (SELECT DISTINCT substr(stream, 6) AS book FROM fact
              WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'book' AND tag = 'book-opened') AS b
  JOIN journal_line l
    ON l.entity = %(entity)s AND l.book = b.book AND l.unit = u.unit AND l.known_at <= %(after)s
   AND l.account = 'accounts-receivable' AND l.document = ANY(%(documents)s)
 CROSS JOIN LATERAL (
    SELECT 'posted' AS kind, 1 AS sign, l.accounting_date AS reported_on, least(l.accounting_date, l.earned) AS earned_on
     WHERE l.kind NOT IN ('billing', 'adjustment', 'prepaid')
     UNION ALL
    SELECT 'later', side.sign, side.day, NULL
      FROM (VALUES (-1, l.earned), (1, l.accounting_date)) AS side (sign, day)
     WHERE l.kind = 'billing' AND l.accounting_date > l.earned) AS m
  JOIN open_amount i
    ON i.entity = l.entity AND i.document = l.document AND i.kind = 'issued' AND i.currency = l.currency
   AND (i.to_position IS NULL OR i.to_position > l.known_at);

-- name: digest
-- Spans as they were known then: one that ended later was still open. Hashed in parts, so that no
-- text grows with the table; how they are parted says nothing, and digests of one server are compared.
SELECT coalesce(sum(rows), 0)::bigint, encode(sha256(coalesce(string_agg(part, '' ORDER BY bucket), '')), 'hex')
  FROM (
    SELECT bucket, count(*) AS rows, sha256(convert_to(string_agg(line, E'\n' ORDER BY line), 'UTF8')) AS part
      FROM (
        SELECT hashtext(stream) & 1023 AS bucket, t::text AS line
          FROM (SELECT stream, kind, number, customer, currency, day, due_on, minor, series, debits, position,
                       from_position, payer, channel, CASE WHEN to_position <= %(upto)s THEN to_position END AS to_position
                  FROM document
                 WHERE entity = %(entity)s AND from_position <= %(upto)s) AS t
         UNION ALL
        SELECT hashtext(document) & 1023, t::text
          FROM (SELECT document, stream, kind, book, number, reference, customer, currency, issued_on, due_on, minor,
                       reported_on, earned_on, position, from_position,
                       CASE WHEN to_position <= %(upto)s THEN to_position END AS to_position
                  FROM open_amount
                 WHERE entity = %(entity)s AND from_position <= %(upto)s) AS t
      ) AS line
     GROUP BY bucket
  ) AS parts;

-- name: open_items
-- What was booked later than the document's date is left out of what was issued by its credited side.
SELECT document, max(number), customer, currency, issued_on, due_on,
       coalesce(sum(minor) FILTER (WHERE kind = 'issued'), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE kind IN ('credited', 'voided', 'later')), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE kind = 'posted'), 0)::bigint
  FROM open_amount
 WHERE entity = %(entity)s AND book IN ('', %(book)s) AND kind <> 'stated'
   AND (%(customer)s::text IS NULL OR customer = %(customer)s)
   AND from_position <= %(known_at)s AND (to_position IS NULL OR to_position > %(known_at)s)
   AND CASE WHEN %(basis)s = 'earned' THEN earned_on ELSE reported_on END <= %(through)s
 GROUP BY document, customer, currency, issued_on, due_on
HAVING sum(minor) <> 0
 ORDER BY due_on, issued_on, document;

-- name: ageing
-- A sum alone: of a million open items nothing is told but how old they are.
SELECT customer, currency,
       width_bucket(%(as_of)s::date - CASE WHEN %(by)s = 'issued' THEN issued_on ELSE due_on END, %(ages)s::int[]) AS age,
       sum(minor)::bigint
  FROM open_amount
 WHERE entity = %(entity)s AND book IN ('', %(book)s) AND kind <> 'stated'
   AND (%(customer)s::text IS NULL OR customer = %(customer)s)
   AND from_position <= %(known_at)s AND (to_position IS NULL OR to_position > %(known_at)s)
   AND CASE WHEN %(basis)s = 'earned' THEN earned_on ELSE reported_on END <= %(through)s
 GROUP BY customer, currency, age
HAVING sum(minor) <> 0
 ORDER BY customer, currency, age;

-- name: unapplied
SELECT customer, currency, -sum(minor)::bigint FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND account = 'unapplied-cash' AND known_at <= %(known_at)s
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY customer, currency
HAVING sum(minor) <> 0
 ORDER BY customer, currency;
