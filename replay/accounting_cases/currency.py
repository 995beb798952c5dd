"""Rates of exchange: those of a day, and those a document or money states with it."""

from __future__ import annotations

from decimal import Decimal

from domain.rates import OWN, PublishRates, Rate
from replay.accounting_cases.steps import Does, Submit
from replay.accounting_cases.survey import Survey, only, when
from replay.accounting_cases.words import Words


def fx_rate(fact: Words, known: Survey) -> Does:
    """The rate of the day between the currency of the case and the only other there is."""
    foreign = tuple(code for code in known.currencies if code != known.currency)
    rate = Rate(
        currency=only(fact, foreign, "currency"),
        into=known.currency,
        rate=fact.number("rate"),
    )
    command = PublishRates(when=when(fact), rates=(rate,))
    yield Submit(stream=f"rates:{OWN}", command=command)


def stated_rate(fact: Words) -> Decimal | None:
    """The rate that a document or money states itself."""
    return fact.number("fx_rate") if fact.has("fx_rate") else None
