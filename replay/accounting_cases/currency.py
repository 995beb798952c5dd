"""Rates of exchange: those of a day, and those a document or money states with it."""

from __future__ import annotations

from decimal import Decimal

from domain.rates import OWN, PublishRates, Rate
from replay.accounting_cases.steps import Does, Submit
from replay.accounting_cases.survey import Survey, only, when
from replay.accounting_cases.words import Words


def fx_rate(fact: Words, known: Survey) -> Does:
    """The rate of the day between the currency of the case and the one it names, or the only other
    there is.
    """
    yield published(fact, known, foreign(fact, known), fact.number("rate"))


def foreign(fact: Words, known: Survey) -> str:
    """The currency a fact names, or the only one that is not the case's."""
    if fact.has("currency"):
        return fact.currency
    return only(fact, tuple(one for one in known.currencies if one != known.currency), "currency")


def published(fact: Words, known: Survey, currency: str, number: Decimal) -> Submit:
    """A rate of the day of a fact."""
    rate = Rate(currency=currency, into=known.currency, rate=number)
    command = PublishRates(when=when(fact), rates=(rate,))
    return Submit(stream=f"rates:{OWN}", command=command)


def stated_rate(fact: Words) -> Decimal | None:
    """The rate that a document or money states itself."""
    return fact.number("fx_rate") if fact.has("fx_rate") else None
