"""Statements of a bank: read, matched to who owes, and taken as payments."""
