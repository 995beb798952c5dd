"""What the ledger answers: one question per file, each with its .sql twin."""
