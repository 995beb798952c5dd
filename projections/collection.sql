-- name: outstanding
-- What is open on a day, and what was billed net of credits in the days up to it.
SELECT currency, sum(minor)::bigint,
       coalesce(sum(minor) FILTER (WHERE kind <> 'posted' AND CASE WHEN %(basis)s = 'earned' THEN earned_on
                                   ELSE reported_on END > %(as_of)s::date - %(days)s::int), 0)::bigint
  FROM open_amount
 WHERE entity = %(entity)s AND book IN ('', %(book)s) AND kind <> 'stated'
   AND (%(customer)s::text IS NULL OR customer = %(customer)s)
   AND from_position <= %(known_at)s AND (to_position IS NULL OR to_position > %(known_at)s)
   AND CASE WHEN %(basis)s = 'earned' THEN earned_on ELSE reported_on END <= %(as_of)s
 GROUP BY currency
 ORDER BY currency;

-- name: forecast
-- An open item is expected on its due date and the days that its customer usually takes beyond it: the
-- lower median over invoices that were paid, none for who has paid none. What is late by more is due now.
WITH item AS (
    SELECT document, customer, currency, due_on, sum(minor) AS minor,
           max(CASE WHEN %(basis)s = 'earned' THEN earned_on ELSE reported_on END) FILTER (WHERE kind = 'posted') AS paid_on
      FROM open_amount
     WHERE entity = %(entity)s AND book IN ('', %(book)s) AND kind <> 'stated'
       AND from_position <= %(known_at)s AND (to_position IS NULL OR to_position > %(known_at)s)
       AND CASE WHEN %(basis)s = 'earned' THEN earned_on ELSE reported_on END <= %(as_of)s
     GROUP BY document, customer, currency, due_on
), usual AS (
    SELECT customer, percentile_disc(0.5) WITHIN GROUP (ORDER BY paid_on - due_on) AS delay
      FROM item
     WHERE minor = 0 AND paid_on IS NOT NULL
     GROUP BY customer
)
SELECT greatest(i.due_on + coalesce(u.delay, 0), %(as_of)s) AS expected_on, i.customer, i.currency,
       coalesce(u.delay, 0), count(*), sum(i.minor)::bigint
  FROM item i
  LEFT JOIN usual u ON u.customer = i.customer
 WHERE i.minor <> 0 AND (%(customer)s::text IS NULL OR i.customer = %(customer)s)
 GROUP BY 1, 2, 3, 4
 ORDER BY 1, 2, 3;
