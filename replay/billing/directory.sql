-- name: drop_directory
DROP TABLE IF EXISTS pg_temp.billing_line;

-- name: make_directory
-- Which invoices bill which subscriptions, for service until when, of those the poster has not routed yet.
CREATE TEMPORARY TABLE billing_line (
    subscription text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    service_to date NOT NULL
);

-- name: fill_directory
INSERT INTO pg_temp.billing_line (subscription, stream, service_to)
SELECT line ->> 'subscription', f.stream, max(coalesce((line ->> 'service_to')::date, 'infinity'))
  FROM fact f
 CROSS JOIN LATERAL json_array_elements(f.payload::json -> 'lines') AS line
 WHERE f.entity = %(entity)s AND split_part(f.stream, ':', 1) = 'invoice' AND f.tag = 'invoice-issued'
   AND f.position > %(after)s AND f.position <= %(upto)s AND line ->> 'subscription' IS NOT NULL
 GROUP BY 1, 2;

-- name: index_directory
ALTER TABLE pg_temp.billing_line ADD PRIMARY KEY (subscription, stream);

-- name: all_subscriptions
-- Every subscription and the customer its last known start names; by customer.
SELECT customer, subscription
  FROM (
    SELECT DISTINCT ON (stream) payload::json ->> 'customer' AS customer, substr(stream, 14) AS subscription
      FROM fact
     WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'subscription'
       AND tag = 'subscription-started' AND position <= %(upto)s
     ORDER BY stream, position DESC) AS started
 ORDER BY customer COLLATE "C", subscription COLLATE "C";

-- name: children
-- Customers whose parent gets their invoices, on some day.
SELECT DISTINCT substr(stream, 10) FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'customer' AND position <= %(upto)s
   AND payload LIKE '%%"billed_to":"parent"%%';

-- name: subscriptions_of_customers
-- Of some customers: by the accounts that the poster has routed them to, and among what came since.
SELECT DISTINCT substr(stream, 14)
  FROM (
    SELECT started.stream
      FROM unnest(%(customers)s::text[]) AS c (name)
     CROSS JOIN LATERAL (
        SELECT a.position FROM fact_unit a
         WHERE a.entity = %(entity)s AND a.unit > 'customer:' || c.name || ':' COLLATE "C"
           AND a.unit < 'customer:' || c.name || ';' COLLATE "C"
           AND length(a.unit) = length(c.name) + 13 OFFSET 0) AS own
     CROSS JOIN LATERAL (
        SELECT f.stream FROM fact f
         WHERE f.entity = %(entity)s AND f.position = own.position AND f.tag = 'subscription-started'
           AND f.position <= %(upto)s OFFSET 0) AS started
     UNION ALL
    SELECT stream FROM fact
     WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'subscription'
       AND tag = 'subscription-started' AND position > %(passed)s AND position <= %(upto)s
       AND payload::json ->> 'customer' = ANY(%(customers)s::text[])) AS named
 ORDER BY 1;

-- name: invoices_of
-- The invoices with a line for one of some subscriptions. A subscription of a unit's name has few facts
-- beside its invoices; OFFSET 0 makes each look one into an index. Only with a `since` after the
-- beginning are lines looked into.
SELECT stream FROM unnest(%(subscriptions)s::text[]) AS s (name)
  JOIN pg_temp.billing_line b ON b.subscription = s.name AND b.service_to > %(since)s
 UNION
SELECT issued.stream
  FROM unnest(%(subscriptions)s::text[]) AS s (name)
 CROSS JOIN LATERAL (
    SELECT u.position FROM fact_unit u
     WHERE u.entity = %(entity)s AND u.unit = 'subscription:' || s.name AND u.position <= %(passed)s
    OFFSET 0) AS own
 CROSS JOIN LATERAL (
    SELECT f.stream, f.payload FROM fact f
     WHERE f.entity = %(entity)s AND f.position = own.position AND f.tag = 'invoice-issued'
       AND f.position <= %(upto)s OFFSET 0) AS issued
 WHERE %(since)s = %(beginning)s OR EXISTS (
    SELECT FROM json_array_elements(issued.payload::json -> 'lines') AS line
     WHERE coalesce((line ->> 'service_to')::date, 'infinity') > %(since)s);

-- name: invoices_with_credit
-- Invoices that moved what a customer has in credit, whatever else is on them.
SELECT payload::json ->> 'customer' AS customer, stream
  FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'invoice' AND tag = 'invoice-issued'
   AND position <= %(upto)s AND payload LIKE '%%"kind":"credit"%%';

-- name: coupons
-- Every coupon and whom it is granted to; by a correction it may be another's.
SELECT DISTINCT payload::json ->> 'customer' AS customer, stream
  FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'coupon' AND tag = 'coupon-granted'
   AND position <= %(upto)s;

-- name: invoices_with_coupon
-- Invoices that a coupon came off, whatever else is on them.
SELECT payload::json ->> 'customer' AS customer, stream
  FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'invoice' AND tag = 'invoice-issued'
   AND position <= %(upto)s AND payload LIKE '%%"kind":"coupon"%%';

-- name: open_drafts
-- What billing runs drafted and nobody has issued, or only by a fact that was corrected since.
SELECT DISTINCT drafted.payload::json ->> 'customer', drafted.stream
  FROM fact drafted
 WHERE drafted.entity = %(entity)s AND drafted.tag = 'invoice-drafted' AND drafted.position <= %(upto)s
   AND drafted.payload::json ->> 'issue_on' IS NOT NULL
   AND NOT EXISTS (
    SELECT FROM fact issued
     WHERE issued.entity = %(entity)s AND issued.stream = drafted.stream
       AND issued.tag IN ('invoice-issued', 'draft-discarded') AND issued.position <= %(upto)s
       AND NOT EXISTS (
        SELECT FROM fact c
         WHERE c.entity = %(entity)s AND c.corrects = issued.position AND c.position <= %(upto)s));

-- name: names_in_use
-- Invoices of accounts and a day: their names begin with one of these.
SELECT used.stream
  FROM unnest(%(begins)s::text[]) AS s (begins)
 CROSS JOIN LATERAL (
    SELECT stream FROM fact
     WHERE entity = %(entity)s AND stream >= s.begins COLLATE "C" AND stream < s.begins || ':' COLLATE "C"
     GROUP BY stream OFFSET 0) AS used;

-- name: documents_between
-- Invoice facts that came while a chunk was measured, and elections of how to invoice.
SELECT position FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) IN ('invoice', 'invoicing')
   AND position > %(after)s AND position <= %(upto)s;

-- name: usage_corrections
-- Usage facts that correct others: few, and enough to tell which batches no longer count.
SELECT position FROM fact
 WHERE entity = %(entity)s AND corrects IS NOT NULL AND split_part(stream, ':', 1) = 'usage'
   AND position <= %(upto)s;
