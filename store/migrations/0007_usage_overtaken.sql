-- A batch gets its number before it waits for anything, so a later number may be in force already when
-- an earlier one replaces it. Only its own rows a batch never replaces.
ALTER TABLE usage_replaced DROP CONSTRAINT usage_replaced_check;
ALTER TABLE usage_replaced ADD CONSTRAINT usage_replaced_by_another CHECK (by_batch <> old_batch);
