-- Totals per hour are told apart by the unit that rows state: what is in a unit that nobody converts is
-- pending by itself, and what is converted is converted exactly. '' is a row that states none.
ALTER TABLE usage_hour ADD COLUMN unit text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE usage_hour DROP CONSTRAINT usage_hour_pkey;
ALTER TABLE usage_hour ADD PRIMARY KEY (entity, subscription, meter, hour, batch, unit);

-- Where rows stated units before, their totals are worked out again. Append-only is told by a trigger,
-- where there are triggers.
DO $$
DECLARE
    guarded constant boolean := EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'usage_hour'::regclass AND tgname = 'append_only');
BEGIN
    IF NOT EXISTS (SELECT FROM usage_row WHERE unit IS NOT NULL) THEN
        RETURN;
    END IF;
    IF guarded THEN
        ALTER TABLE usage_hour DISABLE TRIGGER append_only;
    END IF;
    DELETE FROM usage_hour;
    INSERT INTO usage_hour (entity, subscription, meter, hour, batch, unit, rows, quantity)
    SELECT entity, subscription, meter, hour, batch, unit, sum(rows), sum(quantity)
      FROM (
        SELECT entity, subscription, meter, date_bin('1 hour', occurred_at, '2000-01-01Z') AS hour, batch,
               coalesce(unit, '') AS unit, 1 AS rows, quantity
          FROM usage_row
         UNION ALL
        SELECT r.entity, r.subscription, r.meter, date_bin('1 hour', r.occurred_at, '2000-01-01Z'),
               p.by_batch, coalesce(r.unit, ''), -1, -r.quantity
          FROM usage_replaced p
          JOIN usage_row r
            ON r.bucket = p.bucket AND r.entity = p.entity AND r.source = p.source
           AND r.event_id = p.event_id AND r.batch = p.old_batch
      ) AS change
     GROUP BY entity, subscription, meter, hour, batch, unit
    HAVING sum(rows) <> 0 OR sum(quantity) <> 0;
    IF guarded THEN
        ALTER TABLE usage_hour ENABLE TRIGGER append_only;
    END IF;
END
$$;
