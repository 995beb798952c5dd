"""A worked case as it is written: facts in order, the policy its source applies, expected figures.

The whole format is docs/reference/case-format.md. FIELDS says which events there are and what each
field holds; reading, scaling and shifting a case all go by that one table. What the table does not
name fails the case by name: nothing of a case is skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NoReturn
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.calendar import ONE_DAY, add_months, month_start
from domain.decimals import exact_decimal
from domain.errors import Malformed
from domain.money import minor_exactly
from domain.quantity import quantity

Kind = Literal[
    "money",
    "money-by-name",
    "lines",
    "units",
    "months",
    "day",
    "last-day",
    "period",
    "text",
    "flag",
]
# Fields every fact may carry. `seq` orders facts recorded at one time.
EVERY: dict[str, Kind] = {
    "seq": "text",
    "event": "text",
    "event_id": "text",
    "effective": "day",
    "recorded": "day",
    "agreed": "day",
}
FIELDS: dict[str, dict[str, Kind]] = {
    "contract_signed": {
        "contract": "text",
        "amount": "money",
        "transaction_price": "money",
        "ssp": "money-by-name",
        "months": "months",
        "service_from": "day",
        "service_to": "day",
    },
    "contract_modified": {
        "contract": "text",
        "amount": "money",
        "price_change": "money",
        "scope_change": "text",
        "added_monthly": "money",
        "ssp": "money",
        "through": "last-day",
        "service_from": "day",
        "service_to": "day",
        "price_reflects_ssp": "flag",
    },
    "obligation_satisfied": {"contract": "text", "obligation": "text"},
    "subscription_started": {"price_per_unit": "money"},
    "subscription_cancelled": {"contract": "text", "refund": "money"},
    "plan_changed": {"from_price": "money", "to_price": "money"},
    "usage_reported": {"units": "units", "unit_price": "money"},
    "invoice_issued": {
        "number": "text",
        "contract": "text",
        "currency": "text",
        "amount": "money",
        "lines": "lines",
        "service_from": "day",
        "service_to": "day",
        "due": "day",
        "replaces": "text",
    },
    "invoice_voided": {"number": "text"},
    "credit_note_issued": {
        "number": "text",
        "invoice": "text",
        "amount": "money",
        "reason": "text",
        "before_payment": "flag",
    },
    "payment_received": {"currency": "text", "amount": "money"},
    "payment_received_external": {"currency": "text", "amount": "money"},
    "refund_issued": {"currency": "text", "amount": "money"},
    "processing_fee": {"amount": "money"},
    "dispute_opened": {"amount": "money"},
    "dispute_won": {"amount": "money"},
    "dispute_lost": {"amount": "money"},
    "customer_balance_applied": {"invoice": "text", "amount": "money"},
    "invoice_marked_uncollectible": {"number": "text"},
    "period_closed": {"period": "period"},
}
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
LINE_FIELDS: dict[str, Kind] = {"amount": "money", "service_from": "day", "service_to": "day"}


class CaseError(Exception):
    """A case that cannot be run, each reason by name."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class Given(Struct, frozen=True, kw_only=True):
    """All that a translation may see of a case."""

    currency: str
    facts: tuple[dict[str, Any], ...]
    policy: dict[str, Any]
    options: dict[str, Any]


class Document(Struct, frozen=True, kw_only=True):
    """A case file in its parts. `name` only labels the result."""

    name: str
    given: Given
    expected: dict[str, Any]


class Words(Struct, frozen=True, kw_only=True):
    """One fact, or one line of it, in the case's own words; read field by field, by kind."""

    event: str
    place: int
    raw: Mapping[str, Any]
    currency: str
    zone: str

    def seq(self) -> int:
        """The order of facts recorded at one time; without one, their place in the file."""
        value = self.raw.get("seq", self.place)
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse("seq", "a whole number")
        return value

    def has(self, field: str) -> bool:
        return self.raw.get(field) is not None

    def text(self, field: str) -> str:
        return str(self._required(field))

    def flag(self, field: str) -> bool:
        """A claim that is not made is not so."""
        value = self.raw.get(field) or False
        if not isinstance(value, bool):
            self._refuse(field, "true or false")
        return value

    def money(self, field: str) -> int:
        """Minor units of the case's currency, from a decimal text in major units."""
        return self.minor(field, self._required(field))

    def minor(self, field: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self._refuse(field, "an amount such as 12.00")
        try:
            return minor_exactly(str(value), self.currency, field)
        except Malformed as no:
            raise CaseError(f"{self.event}.{field}: {no}") from None

    def price(self, field: str) -> Decimal:
        """A price per unit keeps any precision."""
        return self._exact(field, exact_decimal)

    def units(self, field: str) -> Decimal:
        return self._exact(field, quantity)

    def period(self, field: str) -> str:
        """A calendar month, YYYY-MM."""
        text = self.text(field)
        if not MONTH.fullmatch(text):
            self._refuse(field, "a month such as 2024-03")
        return text

    def months_after(self, start: date, field: str) -> date:
        """The first day after a term of so many months."""
        count = self._required(field)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            self._refuse(field, "a whole number of months")
        return add_months(start, count)

    def day(self, field: str) -> date:
        """A date; an instant is the date it falls on in the case's time zone."""
        return self.instant(field).astimezone(ZoneInfo(self.zone)).date()

    def day_after(self, field: str) -> date:
        """A last day of service, as the half-open end the ledger keeps."""
        return self.day(field) + ONE_DAY

    def day_before_month(self, field: str) -> date:
        """The last day of the month before a date."""
        return month_start(self.day(field)) - ONE_DAY

    def instant(self, field: str) -> datetime:
        """An instant; a date is its first moment in the case's time zone."""
        text = self.text(field)
        try:
            if len(text) == len("2024-01-31"):
                return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(self.zone))
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._refuse(field, "an ISO date or instant")
        if moment.tzinfo is None:
            self._refuse(field, "an instant with its offset")
        return moment

    def lines(self) -> tuple[Words, ...]:
        """The lines of an invoice; one without `lines` is itself its only line."""
        if not self.has("lines"):
            return (self,)
        rows = self.raw["lines"]
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            self._refuse("lines", "a list of lines")
        return tuple(self._of(f"{self.event}.lines", row) for row in rows)

    def by_name(self, field: str) -> dict[str, int]:
        rows = self._required(field)
        if not isinstance(rows, dict) or not rows:
            self._refuse(field, "amounts by name")
        return {name: self.minor(field, value) for name, value in rows.items()}

    def _of(self, event: str, raw: Mapping[str, Any]) -> Words:
        return Words(event=event, place=self.place, raw=raw, currency=self.currency, zone=self.zone)

    def _exact(self, field: str, read: Any) -> Decimal:
        value = self._required(field)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self._refuse(field, "a number")
        try:
            exact = read(value, field)
        except Malformed as no:
            raise CaseError(f"{self.event}.{field}: {no}") from None
        assert isinstance(exact, Decimal)
        return exact

    def _required(self, field: str) -> Any:
        if not self.has(field):
            raise CaseError(f"missing field {self.event}.{field}")
        return self.raw[field]

    def _refuse(self, field: str, wanted: str) -> NoReturn:
        raise CaseError(f"{self.event}.{field} must be {wanted}, not {self.raw.get(field)!r}")


def read_document(path: Path) -> dict[str, Any]:
    """The raw case; numbers keep their exact text, NaN and infinities are refused."""
    try:
        raw = json.loads(
            path.read_text(encoding="utf-8"), parse_float=Decimal, parse_constant=_no_constant
        )
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise CaseError(f"not a readable JSON file: {fault}") from None
    if not isinstance(raw, dict):
        raise CaseError("not a case: the file must hold one JSON object")
    return raw


def document(raw: Mapping[str, Any], name: str) -> Document:
    """The parts of a case; what else the file holds is for the reader and has no effect."""
    facts = raw.get("facts")
    expected = raw.get("expected")
    if not isinstance(facts, list) or not all(isinstance(fact, dict) for fact in facts):
        raise CaseError("not a case: `facts` must be a list of objects")
    if not isinstance(expected, dict):
        raise CaseError("not a case: `expected` must be an object")
    given = Given(
        currency=str(raw.get("currency", "")),
        facts=tuple(facts),
        policy=_object(raw, "policy"),
        options=_object(raw, "options"),
    )
    return Document(name=name, given=given, expected=expected)


def unknown_words(given: Given) -> tuple[str, ...]:
    """Every event and field of a case that FIELDS does not name."""
    found = []
    for fact in given.facts:
        event = str(fact.get("event"))
        if event not in FIELDS:
            found.append(f"unknown event {event}")
            continue
        known = EVERY | FIELDS[event]
        found += [f"unknown field {event}.{field}" for field in fact if field not in known]
        found += [
            f"unknown field {event}.lines.{field}"
            for line in _lines(fact)
            for field in line
            if field not in LINE_FIELDS
        ]
    return tuple(dict.fromkeys(found))


def _lines(fact: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = fact.get("lines", [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _object(raw: Mapping[str, Any], field: str) -> dict[str, Any]:
    value = raw.get(field) or {}
    if not isinstance(value, dict):
        raise CaseError(f"not a case: `{field}` must be an object")
    return value


def _no_constant(text: str) -> NoReturn:
    raise CaseError(f"not a case: {text} is not an amount")
