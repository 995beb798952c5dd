"""The statement: what charges should carry by a date, beside what invoices already say they do."""
