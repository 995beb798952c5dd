"""What the policy of a case elects: options of its books, and how some of its facts are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from domain.policy import Options
from replay.accounting_cases.fields import PARTS, fields_of
from replay.accounting_cases.format import Given
from replay.accounting_cases.phrases import (
    BESIDE,
    BY_MONTH,
    NOTES,
    READINGS,
    TERMS,
    rate_of,
    read_phrase,
)
from replay.accounting_cases.words import RANGE
from replay.case_format import CaseError
from replay.case_terms import Row

Aggregation = Literal["sum", "count", "max", "latest"]
Treated = Literal["by-rule", "separate", "prospective", "cumulative"]
# Three keys hold a name instead of a phrase, one a day.
NAMES = ("timezone", "functional_currency", "aggregate", "as_of")
# How a meter counts. What stands from before is billed where nothing was reported since.
AGGREGATIONS: dict[str, Aggregation] = {
    "sum": "sum",
    "count": "count",
    "max": "max",
    "last_during_period": "latest",
    "last_ever": "latest",
}
# A deal whose term is so many of these is measured in months where no phrase says otherwise.
IN_MONTHS = frozenset({"months", "years"})
# Months that are no term of a promise.
LATER = frozenset({"due_months", "free_months", "option_a_due_months"})
REMEASURED_WHEN_PAID: Row = {"remeasure": "realised-only"}


class Elections(Struct, frozen=True, kw_only=True):
    """The case's time zone, the options of its book and of those beside it, and how facts are read.

    `beside`: by the name of a book, the same elections but for one. `bills`: what is billed when,
    of a deal that says no more of it. `rate`: the first that the phrase on financing states.
    `treatment`: how a change is accounted for whose facts do not decide it. `net`: the seller is an
    agent. `credits_correct`: credit notes count from the start of service. `materials_at_cost`:
    what depicts no progress is earned at its cost. `royalty_shared`: what is a share of sales is
    for all promises, as nothing makes it one's own.
    """

    zone: str
    options: Options
    aggregation: Aggregation
    beside: dict[str, Options] = {}
    royalty_as_it_occurs: bool = False
    incentive_left_out: bool = False
    delivered_evenly: bool = False
    rate: Decimal | None = None
    bills: str | None = None
    treatment: Treated = "by-rule"
    net: bool = False
    credits_correct: bool = False
    materials_at_cost: bool = False
    royalty_shared: bool = False
    shown_in_whole: bool = False


def elections(given: Given) -> Elections:
    """What a policy without unknown words elects; options stated win over prose."""
    elected: Row = dict(BY_MONTH) if _is_in_months(given) else {}
    elected |= REMEASURED_WHEN_PAID if _tells_no_closing_rate(given) else {}
    prose = _prose(given)
    for key, phrase in prose.items():
        elected |= (read_phrase(key, phrase) or {}) if _is_read(key, phrase) else {}
    if "bills" in elected:
        elected["bills"] = prose["billing"]
    read = {name: value for name, value in elected.items() if name in READINGS}
    stated = {name: value for name, value in elected.items() if name not in READINGS}
    return Elections(
        zone=given.policy.get("timezone", "UTC"),
        options=_options(stated | given.options),
        aggregation=AGGREGATIONS[given.policy.get("aggregate", "sum")],
        beside=dict(_beside(stated | given.options, given)),
        rate=rate_of(prose.get("financing", "")),
        **read,  # type: ignore[arg-type]
    )


def _is_in_months(given: Given) -> bool:
    return any(
        kind in IN_MONTHS and field in stated
        for fact in given.facts
        if fact.get("event") == "contract_signed"
        for stated, kinds in (
            (fact, fields_of("contract_signed", fact)),
            *((row, PARTS["promises"]) for row in _promises(fact)),
        )
        for field, kind in kinds.items()
        if field not in LATER
    )


def _promises(fact: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    rows = fact.get("obligations")
    if isinstance(rows, Mapping):
        yield from (row for row in rows.values() if isinstance(row, Mapping))


def _tells_no_closing_rate(given: Given) -> bool:
    """Money of another currency, and no rate of any day: nothing can be remeasured before it is
    paid.
    """
    named = {str(fact["currency"]) for fact in given.facts if "currency" in fact}
    told = any(fact.get("event") == "fx_rate" for fact in given.facts)
    return not told and bool(named.difference({given.currency}))


def _beside(stated: Mapping[str, Any], given: Given) -> Iterator[tuple[str, Options]]:
    """What is left for a promise without a price is not worked out without the bundles."""
    for (option, value), (book, others) in BESIDE.items():
        if stated.get(option) == value and not (option == "discounts" and _is_residual(given)):
            yield book, _options({**stated, **others})


def _is_residual(given: Given) -> bool:
    worths = (fact.get("ssp") for fact in given.facts)
    named = (worth for worth in worths if isinstance(worth, Mapping))
    return any(RANGE.fullmatch(str(value)) for worth in named for value in worth.values())


def unknown_policy(given: Given) -> tuple[str, ...]:
    """Every key and phrase of a policy that has no row."""
    named = (
        ("timezone", "UTC", _is_zone),
        ("functional_currency", given.currency, given.currency.__eq__),
        ("aggregate", "sum", AGGREGATIONS.__contains__),
    )
    found = [
        f"unknown phrase for policy {key}: {given.policy[key]}"
        for key, default, is_known in named
        if not is_known(str(given.policy.get(key, default)))
    ]
    return (*found, *(why for key, phrase in _prose(given).items() for why in _why(key, phrase)))


def _prose(given: Given) -> dict[str, Any]:
    return {key: phrase for key, phrase in given.policy.items() if key not in NAMES}


def _why(key: str, phrase: object) -> Iterator[str]:
    if key not in TERMS and key not in NOTES:
        yield f"unknown policy key {key}"
    elif key not in NOTES and not _is_read(key, phrase):
        yield f"unknown phrase for policy {key}: {phrase}"


def _is_read(key: str, phrase: object) -> bool:
    return key in TERMS and isinstance(phrase, str) and read_phrase(key, phrase) is not None


def policy_notes(given: Given) -> Iterator[str]:
    """Every key that says in words what the facts say."""
    for key, phrase in _prose(given).items():
        if key in NOTES and not _is_read(key, phrase):
            yield f"policy {key}: elects nothing, {phrase}"


def _options(elected: Mapping[str, Any]) -> Options:
    try:
        return msgspec.convert(dict(elected), Options)
    except msgspec.ValidationError as no:
        raise CaseError(f"unknown option: {no}") from None


def _is_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
