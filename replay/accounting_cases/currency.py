"""Rates of exchange: those of a day, and those a document or money states with it."""

from __future__ import annotations

from replay.accounting_cases.steps import Does, NoEffect
from replay.accounting_cases.survey import Survey
from replay.accounting_cases.words import Words
from replay.case_format import CaseError


def fx_rate(fact: Words, known: Survey) -> Does:
    """Refused: the ledger keeps no rates yet."""
    del known
    require_no_rate(fact)
    yield NoEffect(why="no rates are kept")


def require_no_rate(fact: Words) -> None:
    if fact.has("fx_rate") or fact.has("rate"):
        raise CaseError(f"{fact.event}.fx_rate: no rates are kept")
