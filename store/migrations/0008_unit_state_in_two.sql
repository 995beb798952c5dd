-- A unit's state in two: the schedule changes when the unit is measured, what is posted at every cut.
-- A row without `posted` is of the time before and holds both in `schedule`, until it is settled again.
ALTER TABLE unit_state ADD COLUMN posted bytea;
