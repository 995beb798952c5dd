-- name: left_of_openings
-- By the end of each day, of each opening: what stands in the clearing account, what is open of its items, what was
-- earned of its positions, each in slots of its own.
-- Few documents come from other books: found once, not once for each line of the journal.
WITH item AS MATERIALIZED (
    SELECT substr(stream, 9) AS document, 'opening:' || (payload::jsonb ->> 'opening') AS opening
      FROM fact
     WHERE entity = %(entity)s AND position <= %(known_at)s AND tag = 'invoice-issued'
       AND payload::jsonb ->> 'opening' IS NOT NULL
), line AS (
    SELECT coalesce(i.opening, o.opening) AS opening, l.account, l.currency, l.minor,
           CASE WHEN %(basis)s = 'earned' THEN least(l.accounting_date, l.earned) ELSE l.accounting_date END AS day
      FROM journal_line l
      LEFT JOIN item i ON i.document = l.document AND l.account IN ('accounts-receivable', 'opening-clearing')
      LEFT JOIN unnest(%(openings)s::text[]) AS o (opening)
        ON l.kind IN ('opening', 'release') AND starts_with(l.subject, o.opening || ':')
     WHERE l.entity = %(entity)s AND l.book = %(book)s AND l.known_at <= %(known_at)s
       AND l.account IN ('accounts-receivable', 'opening-clearing', 'revenue')
       AND (i.document IS NOT NULL OR o.opening IS NOT NULL)
)
SELECT l.opening, d.day,
       coalesce(sum(minor) FILTER (WHERE account = 'opening-clearing'), 0)::bigint,
       coalesce(sum(minor) FILTER (WHERE account = 'accounts-receivable'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE account = 'revenue'), 0)::bigint
  FROM unnest(%(days)s::date[]) AS d (day)
  JOIN line l ON l.day <= d.day
 GROUP BY l.opening, d.day;

-- name: earned_of_positions
-- By the end of each day, of some positions: what was earned of each. One whose contract joined another is in its unit.
SELECT p.place, d.day, coalesce(-sum(l.minor), 0)::bigint
  FROM unnest(%(units)s::text[], %(subjects)s::text[], %(joined)s::text[])
       WITH ORDINALITY AS p (unit, subject, joined, place)
 CROSS JOIN unnest(%(days)s::date[]) AS d (day)
  JOIN journal_line l
    ON l.kind = 'release' AND l.account = 'revenue'
   AND (l.unit = p.unit AND l.subject = p.subject OR l.subject = p.joined)
 WHERE l.entity = %(entity)s AND l.book = %(book)s AND l.known_at <= %(known_at)s
   AND CASE WHEN %(basis)s = 'earned' THEN least(l.accounting_date, l.earned) ELSE l.accounting_date END <= d.day
 GROUP BY p.place, d.day;

-- name: left_of_credit
-- Credit that customers had in the books of before: what was granted of it, what is left, what stands in the clearing
-- account. What is applied bears the name of its invoice.
WITH granted AS (
    SELECT DISTINCT document FROM journal_line
     WHERE entity = %(entity)s AND book = %(book)s AND known_at <= %(known_at)s AND kind = 'grant'
       AND account = 'opening-clearing'
), line AS (
    SELECT l.kind, l.account, l.currency, l.minor,
           CASE WHEN %(basis)s = 'earned' THEN least(l.accounting_date, l.earned) ELSE l.accounting_date END AS day
      FROM journal_line l
      JOIN granted g
        ON g.document = CASE WHEN l.kind = 'application'
                             THEN left(regexp_replace(l.subject, ':stated$', ''), -1 - length(l.document))
                             ELSE l.document END
     WHERE l.entity = %(entity)s AND l.book = %(book)s AND l.known_at <= %(known_at)s
       AND l.account IN ('customer-credit', 'opening-clearing')
)
SELECT l.currency, d.day,
       coalesce(sum(minor) FILTER (WHERE account = 'opening-clearing'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE account = 'customer-credit' AND kind = 'grant'), 0)::bigint,
       coalesce(-sum(minor) FILTER (WHERE account = 'customer-credit'), 0)::bigint
  FROM unnest(%(days)s::date[]) AS d (day)
  JOIN line l ON l.day <= d.day
 GROUP BY l.currency, d.day
 ORDER BY l.currency, d.day;
