-- A line names the facts it rests on itself, as positions in order. As rows of their own they were ten
-- times the line, under two indexes: half of what the server did for a posting run.
--
-- From a fact to its lines: the fact's units (fact_unit), the lines of each after the fact, and of those
-- whoever names it. What a unit is measured from was routed to it before, so none is missed; law 8
-- compares. No second index is written for that.
ALTER TABLE journal_line ADD COLUMN causes bigint[] NOT NULL DEFAULT '{}';

-- Append-only is told by a trigger, where there are triggers.
DO $$
DECLARE
    guarded constant boolean := EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'journal_line'::regclass AND tgname = 'append_only');
BEGIN
    IF guarded THEN
        ALTER TABLE journal_line DISABLE TRIGGER append_only;
    END IF;
    UPDATE journal_line l SET causes = c.causes
      FROM (
        SELECT entity, entry, line, array_agg(position ORDER BY position) AS causes
          FROM line_cause
         GROUP BY entity, entry, line
      ) AS c
     WHERE c.entity = l.entity AND c.entry = l.entry AND c.line = l.line;
    IF guarded THEN
        ALTER TABLE journal_line ENABLE TRIGGER append_only;
    END IF;
END
$$;

ALTER TABLE journal_line ALTER COLUMN causes DROP DEFAULT;
DROP TABLE line_cause;

-- Units first: whoever comes from a fact knows them and no book.
DROP INDEX journal_line_unit;
CREATE INDEX journal_line_unit ON journal_line (entity, unit, book, known_at);
