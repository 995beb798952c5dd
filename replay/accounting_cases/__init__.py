"""Worked cases of accounting: what happened, by a closed schema, played and compared to the cent.

The format is docs/reference/case-format.md. The translator sees facts and policy, never what is
expected; it renames and converts, and leaves every sum to the ledger. A word that no table holds
fails the case by that word.
"""
