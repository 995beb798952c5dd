-- name: copy_entries
COPY journal_entry (entity, entry, book, unit, known_at, booked, currency, functional_currency, leaf)
FROM STDIN (FORMAT BINARY);

-- name: copy_lines
COPY journal_line (entity, entry, line, book, unit, known_at, booked, account, kind, subject, obligation,
                   document, customer, earned, accounting_date, currency, minor, functional_currency,
                   functional_minor, rule, causes)
FROM STDIN (FORMAT BINARY);
