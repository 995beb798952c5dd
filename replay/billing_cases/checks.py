"""What a field of a billing case may hold, by its kind: what it cannot is refused by its name.

Nothing is read here but whether it can be read, so that no case is half read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domain.currency import exponent
from domain.errors import Malformed
from domain.zones import require_zone
from replay.billing_cases.fields import Kind
from replay.billing_cases.words import Dates, is_number, number
from replay.case_format import CaseError

DAY_OF_MONTH_MAX = 31
ANY_ZONE = Dates(zone="UTC")


def wrong(name: str, value: object, kind: Kind) -> Iterator[str]:
    """Why a field cannot hold a value; nothing where it can."""
    may_hold, wanted = HOLDS[kind]
    if not may_hold(value):
        yield f"{name} must be {wanted}, not {value!r}"


def wrong_frame(facts: Mapping[str, Any]) -> Iterator[str]:
    """What the facts say of themselves that cannot be: a zone, a currency."""
    for key, check in (("timezone", require_zone), ("currency", exponent)):
        try:
            check(facts.get(key, "UTC" if key == "timezone" else ""))
        except (Malformed, TypeError, AttributeError):
            yield f"facts.{key} is unknown: {facts.get(key)!r}"


def wrong_period(period: object, known: Mapping[str, Kind]) -> Iterator[str]:
    """A period has a beginning and an end after it."""
    if not isinstance(period, Mapping):
        yield f"facts.period must be an object, not {period!r}"
        return
    yield from (f"unknown key facts.period.{key}" for key in period if key not in known)
    missing = [key for key in ("start", "end") if key not in period]
    yield from (f"missing field facts.period.{key}" for key in missing)
    faults = [
        why
        for key, value in period.items()
        if key in known
        for why in wrong(f"facts.period.{key}", value, known[key])
    ]
    yield from faults
    if not faults and not missing and _at(period["start"]) >= _at(period["end"]):
        yield f"facts.period must end after it begins, not {period['end']!r}"


def _at(text: object) -> Any:
    return ANY_ZONE.instant(text)


def _is_whole(value: object) -> bool:
    return is_number(value) and number(value, "") == number(value, "").to_integral_value()


def _is_day_of_month(value: object) -> bool:
    return _is_whole(value) and 1 <= number(value, "") <= DAY_OF_MONTH_MAX


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and _at(value) is not None
    except CaseError:
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are(each: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(map(each, value))


HOLDS: Mapping[Kind, tuple[Callable[[object], bool], str]] = {
    "money": (is_number, "a number"),
    "count": (is_number, "a number"),
    "number": (is_number, "a number"),
    "whole": (_is_whole, "a whole number"),
    "counts": (_are(is_number), "a list of numbers"),
    "day": (_is_day, "an ISO date or instant"),
    "days": (_are(_is_day), "a list of ISO dates"),
    "day_of_month": (_is_day_of_month, f"a day of the month, 1 to {DAY_OF_MONTH_MAX}"),
    "sold": (lambda value: _is_text(value) or is_number(value), "a price, or the name of one"),
    "text": (_is_text, "a text"),
    "names": (_are(_is_text), "a list of names"),
    "flag": (lambda value: isinstance(value, bool), "true or false"),
}
