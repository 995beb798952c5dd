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
    position bigint NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    PRIMARY KEY (entity, stream, position, from_position)
);

-- name: document_facts
SELECT position FROM fact
 WHERE entity = %(entity)s AND position > %(after)s AND position <= %(upto)s
   AND split_part(stream, ':', 1) IN ('invoice', 'payment');

-- name: forget
DELETE FROM document WHERE entity = %(entity)s AND stream = ANY(%(streams)s);

-- name: copy_documents
COPY document (entity, stream, kind, number, customer, currency, day, due_on, minor, series, position,
               from_position, to_position)
FROM STDIN (FORMAT BINARY);

-- name: digest
-- Spans as they were known then: one that ended later was still open. Hashed in parts, so that no
-- text grows with the table; how they are parted says nothing, and digests of one server are compared.
SELECT coalesce(sum(rows), 0)::bigint, encode(sha256(coalesce(string_agg(part, '' ORDER BY bucket), '')), 'hex')
  FROM (
    SELECT bucket, count(*) AS rows,
           sha256(convert_to(string_agg(t::text, E'\n' ORDER BY stream, position, from_position), 'UTF8')) AS part
      FROM (
        SELECT hashtext(stream) & 1023 AS bucket, stream, kind, number, customer, currency, day, due_on, minor,
               series, position, from_position, CASE WHEN to_position <= %(upto)s THEN to_position END AS to_position
          FROM document
         WHERE entity = %(entity)s AND from_position <= %(upto)s
      ) AS t
     GROUP BY bucket
  ) AS parts;

-- name: open_items
-- A void leaves nothing of an invoice from its own day on, whatever was credited. What was applied, and
-- what was booked later than the document's date, is from the journal.
WITH live AS (
    SELECT stream, kind, number, customer, currency, day, due_on, minor FROM document
     WHERE entity = %(entity)s AND from_position <= %(known_at)s
       AND (to_position IS NULL OR to_position > %(known_at)s) AND day <= %(through)s
), cut AS (
    SELECT stream, sum(minor) FILTER (WHERE kind = 'credited') AS credited, bool_or(kind = 'voided') AS voided
      FROM live
     WHERE kind IN ('credited', 'voided')
     GROUP BY stream
), moved AS (
    SELECT document, currency,
           coalesce(sum(minor) FILTER (WHERE kind = 'application'
             AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END
                 <= %(through)s), 0) AS applied,
           coalesce(sum(minor) FILTER (WHERE kind = 'billing' AND %(basis)s = 'reported'
             AND accounting_date > %(through)s AND earned <= %(through)s), 0) AS booked_later
      FROM journal_line
     WHERE entity = %(entity)s AND book = %(book)s AND account = 'accounts-receivable'
       AND known_at <= %(known_at)s
     GROUP BY document, currency
), item AS (
    SELECT substr(i.stream, 9) AS invoice, i.number, i.customer, i.currency, i.day, i.due_on, i.minor AS issued,
           CASE WHEN c.voided THEN -i.minor ELSE coalesce(c.credited, 0) END - coalesce(m.booked_later, 0) AS credited,
           coalesce(m.applied, 0) AS applied
      FROM live i
      LEFT JOIN cut c ON c.stream = i.stream
      LEFT JOIN moved m ON m.document = substr(i.stream, 9) AND m.currency = i.currency
     WHERE i.kind = 'issued' AND (%(customer)s::text IS NULL OR i.customer = %(customer)s)
)
SELECT invoice, number, customer, currency, day, due_on, issued, credited::bigint, applied::bigint
  FROM item
 WHERE issued + credited + applied <> 0
 ORDER BY due_on, day, invoice;

-- name: unapplied
SELECT customer, currency, -sum(minor)::bigint FROM journal_line
 WHERE entity = %(entity)s AND book = %(book)s AND account = 'unapplied-cash' AND known_at <= %(known_at)s
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY customer, currency
HAVING sum(minor) <> 0
 ORDER BY customer, currency;
