-- The first rate of a currency tells what stands in it anew: one run then posts two entries of a unit into one
-- period, what is taken back as it was told and what stands from now on, each in its own functional currency.
ALTER TABLE journal_entry DROP CONSTRAINT journal_entry_entity_known_at_unit_book_booked_key;
ALTER TABLE journal_entry ADD UNIQUE (entity, known_at, unit, book, booked, functional_currency);
-- Which units rates move: those told in a currency that is not the functional one, or that may be.
ALTER TABLE unit_state ADD COLUMN currency text COLLATE "C";
