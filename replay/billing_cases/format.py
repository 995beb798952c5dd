"""A billing case as it is written: read whole, or refused by what it cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from replay.billing_cases.checks import wrong, wrong_frame, wrong_period
from replay.billing_cases.fields import (
    APART,
    EVENTS,
    FACTS,
    NEEDED,
    PERIOD,
    Given,
    fields_of,
    kind_of,
)
from replay.case_format import CaseError


def is_billing(raw: Mapping[str, Any]) -> bool:
    """A billing case says what happened in one object, an accounting case in a list of facts."""
    return isinstance(raw.get("facts"), dict)


def given(raw: Mapping[str, Any]) -> Given:
    """The parts of a case, all of its words known."""
    facts, policy = raw["facts"], raw.get("policy", {})
    _require(isinstance(policy, dict), "`policy` must be an object")
    known = (*FACTS, *APART)
    unknown = [f"unknown key facts.{key}" for key in facts if key not in known]
    unknown += _wrong_facts(facts)
    kinds: tuple[tuple[str, Any], ...] = (("price", dict | list), ("events", list))
    for key, kind in kinds:
        _require(isinstance(facts.get(key), kind), f"`facts.{key}` must be there")
    events = facts["events"]
    _require(bool(events), "`events` must not be empty")
    _require(all(isinstance(phrase, str) for phrase in policy.values()), "`policy` is of phrases")
    _require(all(isinstance(event, dict) for event in events), "`events` must be objects")
    unknown += [word for event in events for word in _unknown_words(event)]
    if unknown:
        raise CaseError(*dict.fromkeys(unknown))
    read = ("timezone", "currency", "price", "events")
    return Given(
        zone=str(facts.get("timezone", "UTC")),
        currency=str(facts.get("currency", "")),
        price=facts["price"],
        events=tuple(events),
        more={key: said for key, said in facts.items() if key not in read and said is not None},
        policy=dict(policy),
    )


def expected(raw: Mapping[str, Any]) -> dict[str, Any]:
    wanted = raw.get("expected")
    if not isinstance(wanted, dict) or not wanted:
        raise CaseError("no expected figure to compare")
    return wanted


def _unknown_words(event: Mapping[str, Any]) -> Iterator[str]:
    name = event.get("type")
    if kind_of(event) not in EVENTS:
        yield f"unknown event {name}"
        return
    if not isinstance(event.get("at"), str):
        yield f"missing field {name}.at"
    known = fields_of(event)
    for field, value in event.items():
        if field in known:
            yield from wrong(f"{name}.{field}", value, known[field])
        elif field not in ("at", "type"):
            yield f"unknown field {name}.{field}"
    needed = NEEDED.get(kind_of(event), ())
    yield from (f"missing field {name}.{field}" for field in needed if field not in event)


def _wrong_facts(facts: Mapping[str, Any]) -> Iterator[str]:
    """What facts say that cannot be; what is null is not said."""
    yield from wrong_frame(facts)
    for key, value in facts.items():
        if key in FACTS and value is not None:
            yield from wrong(f"facts.{key}", value, FACTS[key])
    if facts.get("period") is not None:
        yield from wrong_period(facts["period"], PERIOD)


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 (a claim, said in words beside it)
    if not holds:
        raise CaseError(f"not a case: {what}")
