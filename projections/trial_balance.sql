-- name: make_tables
CREATE TABLE account_total (
    entity text COLLATE "C" NOT NULL,
    book text COLLATE "C" NOT NULL,
    known_at bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    booked text COLLATE "C" NOT NULL,
    earned date NOT NULL,
    accounting_date date NOT NULL,
    currency text COLLATE "C" NOT NULL,
    functional_currency text COLLATE "C" NOT NULL,
    minor bigint NOT NULL,
    functional_minor bigint NOT NULL,
    lines bigint NOT NULL
);

-- name: make_keys
ALTER TABLE account_total ADD PRIMARY KEY (
    entity, book, account, known_at, booked, earned, accounting_date, currency, functional_currency);

-- name: fold
-- Runs are whole up to the poster's checkpoint, so each is folded once, with all its lines. Entries are
-- numbered run by run, so what is new lies between two numbers, and the table's key leads there, be it
-- one run of many or all of them. + 0: else the planner looks for the least by walking all before it.
INSERT INTO account_total (entity, book, known_at, account, booked, earned, accounting_date, currency,
                           functional_currency, minor, functional_minor, lines)
SELECT entity, book, known_at, account, booked, earned, accounting_date, currency, functional_currency,
       sum(minor), sum(functional_minor), count(*)
  FROM journal_line
 WHERE entity = %(entity)s
   AND entry >= coalesce((
       SELECT min(e.entry + 0) FROM journal_entry e
        WHERE e.entity = %(entity)s
          AND e.known_at = (SELECT min(r.known_at) FROM journal_entry r
                             WHERE r.entity = %(entity)s AND r.known_at > %(after)s)), 9223372036854775807)
   AND entry < coalesce((
       SELECT min(e.entry + 0) FROM journal_entry e
        WHERE e.entity = %(entity)s
          AND e.known_at = (SELECT min(r.known_at) FROM journal_entry r
                             WHERE r.entity = %(entity)s AND r.known_at > %(upto)s)), 9223372036854775807)
 GROUP BY entity, book, known_at, account, booked, earned, accounting_date, currency, functional_currency;

-- name: digest
-- Hashed run by run, so that no text grows with the table.
SELECT coalesce(sum(rows), 0)::bigint, encode(sha256(coalesce(string_agg(part, '' ORDER BY known_at), '')), 'hex')
  FROM (
    SELECT known_at, count(*) AS rows,
           sha256(convert_to(string_agg(t::text, E'\n' ORDER BY book, account, booked, earned, accounting_date,
                             currency, functional_currency), 'UTF8')) AS part
      FROM account_total t
     WHERE entity = %(entity)s AND known_at <= %(upto)s
     GROUP BY known_at
  ) AS parts;

-- name: trial_balance
-- Reported by accounting date; earned by the period an amount belongs to, if it was booked later.
SELECT account, currency, sum(minor)::bigint, functional_currency, sum(functional_minor)::bigint
  FROM account_total
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY account, currency, functional_currency
 ORDER BY account, currency, functional_currency;

-- name: by_period
SELECT booked, earned, currency, sum(minor)::bigint
  FROM account_total
 WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s AND account = %(account)s
   AND CASE WHEN %(basis)s = 'earned' THEN least(accounting_date, earned) ELSE accounting_date END <= %(through)s
 GROUP BY booked, earned, currency
HAVING sum(minor) <> 0
 ORDER BY booked, earned, currency;
