-- Drafts are looked for by each billing run, and not where nobody drafts.
CREATE INDEX fact_drafted ON fact (entity, position) WHERE tag = 'invoice-drafted';
