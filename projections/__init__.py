"""What the ledger answers: one question per file, each with its .sql twin.

The views that keep tables of their own, in the order they are brought to the head.
"""

from projections import receivables, trial_balance
from projections.view import View

PROJECTIONS: tuple[View, ...] = (trial_balance.VIEW, receivables.VIEW)
