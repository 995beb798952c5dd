"""Worked cases of billing: raw files read by a closed schema, translated blindly and played.

The format is docs/reference/billing-case-format.md. The translator sees what was sold and what
happened, never what is expected; a word that no table holds fails the case by that word.
"""
