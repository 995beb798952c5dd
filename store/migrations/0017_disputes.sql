-- Disputes are few among the facts of invoices.
CREATE INDEX fact_disputed ON fact (entity, position) WHERE tag = 'dispute-opened';
