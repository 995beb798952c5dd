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
    lines bigint NOT NULL,
    PRIMARY KEY (entity, book, account, known_at, booked, earned, accounting_date, currency, functional_currency)
);

-- name: fold
-- Runs are whole up to the poster's checkpoint, so each is folded once, with all its lines.
INSERT INTO account_total (entity, book, known_at, account, booked, earned, accounting_date, currency,
                           functional_currency, minor, functional_minor, lines)
SELECT l.entity, l.book, l.known_at, l.account, l.booked, l.earned, l.accounting_date, l.currency,
       l.functional_currency, sum(l.minor), sum(l.functional_minor), count(*)
  FROM journal_entry e
  JOIN journal_line l ON l.entity = e.entity AND l.entry = e.entry
 WHERE e.entity = %(entity)s AND e.known_at > %(after)s AND e.known_at <= %(upto)s
 GROUP BY l.entity, l.book, l.known_at, l.account, l.booked, l.earned, l.accounting_date, l.currency,
       l.functional_currency;

-- name: digest
SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(t::text, E'\n' ORDER BY book, account,
       known_at, booked, earned, accounting_date, currency, functional_currency), ''), 'UTF8')), 'hex')
  FROM account_total t
 WHERE entity = %(entity)s;

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
