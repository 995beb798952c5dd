-- name: charges
-- What was last recorded of each charge of some units.
SELECT DISTINCT ON (unit, item, price, service_from, service_to)
       unit, item, price, service_from, service_to, quantity, minor, currency
  FROM charge
 WHERE entity = %(entity)s AND subscription = ANY(%(subscriptions)s)
 ORDER BY unit, item, price, service_from, service_to, position DESC;

-- name: copy_charges
COPY charge (entity, position, unit, subscription, item, price, service_from, service_to, quantity, minor,
             delta_minor, currency, rule)
FROM STDIN (FORMAT BINARY);
