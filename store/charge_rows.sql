-- name: charges
-- What was last recorded of each charge of some subscriptions, one after the other (OFFSET 0).
SELECT own.*
  FROM unnest(%(subscriptions)s::text[]) AS s (subscription)
 CROSS JOIN LATERAL (
    SELECT DISTINCT ON (item, price, service_from, service_to)
           unit, item, price, service_from, service_to, quantity, minor, currency
      FROM charge
     WHERE entity = %(entity)s AND subscription = s.subscription
     ORDER BY item, price, service_from, service_to, position DESC OFFSET 0) AS own;

-- name: copy_charges
COPY charge (entity, position, unit, subscription, item, price, service_from, service_to, quantity, minor,
             delta_minor, currency, rule)
FROM STDIN (FORMAT BINARY);
