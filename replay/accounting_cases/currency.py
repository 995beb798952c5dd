"""Rates of exchange: those of a day, and those a document or money states with it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.facts import When
from domain.rates import OWN, PublishRates, Rate
from replay.accounting_cases.steps import Does, Submit
from replay.accounting_cases.survey import Survey, only, when
from replay.accounting_cases.words import Words

# Facts that say that something passed, at a rate.
TRANSFERS = ("control_transferred", "obligation_satisfied", "units_transferred")


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


def rates_of_transfer(fact: Words, known: Survey, number: Decimal) -> Does:
    """The rate that something passed at: of its day. In a case that tells no other rate of a day,
    what passed in a month without a bill is worth that rate at its end, too, where nothing else
    passed in it.
    """
    currency, end = foreign(fact, known), fact.month_end("effective")
    yield published(fact, known, currency, number)
    passed = (one for one in known.of(*TRANSFERS) if stated_rate(one) is not None)
    same = [one for one in passed if one.month_end("effective") == end]
    if not known.of("fx_rate") and len(same) == 1 and end != fact.day("effective"):
        yield published(fact, known, currency, number, end)


def published(
    fact: Words, known: Survey, currency: str, number: Decimal, on: date | None = None
) -> Submit:
    """A rate of the day of a fact, or of another day."""
    rate = Rate(currency=currency, into=known.currency, rate=number)
    day = When(effective=on) if on else when(fact)
    command = PublishRates(when=day, rates=(rate,))
    return Submit(stream=f"rates:{OWN}", command=command, on=on)


def stated_rate(fact: Words) -> Decimal | None:
    """The rate that a document or money states itself."""
    return fact.number("fx_rate") if fact.has("fx_rate") else None
