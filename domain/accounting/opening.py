"""Positions that other books left, measured as they stand against `opening-clearing`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import structs

from domain.accounting.curves import At
from domain.accounting.revenue import over_time
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.facts import Fact, causes_of, of_kinds
from domain.master import MasterData
from domain.money import decimal_text
from domain.opening import CarriedPosition, OpeningProposed, OpeningSigned

BILLED = (("opening-clearing", 1), ("contract-liability", -1))
RECOGNISED = (("contract-liability", 1), ("opening-clearing", -1))


def opening_flows(
    unit: str, facts: Sequence[Fact], master: MasterData, book: str
) -> Iterator[Flow]:
    """Of every signed opening: what was billed and recognised, and the release of what is left."""
    signed = {fact.stream: fact.position for fact in of_kinds(facts, OpeningSigned)}
    if not signed:
        return
    for fact in facts:
        event = fact.event
        if not isinstance(event, OpeningProposed) or fact.stream not in signed:
            continue
        if event.book not in (None, book):
            continue
        causes = causes_of((fact.position,), (signed[fact.stream],))
        for row in event.positions:
            if row.unit == unit:
                yield from _position(row, fact, event, causes, master, book)


def _position(
    row: CarriedPosition,
    fact: Fact,
    event: OpeningProposed,
    causes: tuple[int, ...],
    master: MasterData,
    book: str,
) -> Iterator[Flow]:
    day = fact.when.effective
    sides = (
        ("billed before", BILLED, row.billed_minor),
        ("recognised before", RECOGNISED, row.recognised_minor),
    )
    for what, legs, minor in sides:
        if minor:
            yield Flow(
                kind="opening",
                subject=f"{fact.stream}:{row.obligation}",
                obligation=row.obligation,
                legs=legs,
                curve=At(day, minor),
                on=day,
                causes=causes,
                rule="opening-position@1",
                told=partial(_told, what, minor, event.currency),
            )
    if row.to_earn_minor and row.service_from is not None and row.service_to is not None:
        flow = over_time(
            row.obligation,
            row.service_from,
            row.service_to,
            row.to_earn_minor,
            master.progress(book, row.service_from),
            causes,
            _told("left to earn", row.to_earn_minor, event.currency),
        )
        # A slot of its own: what else its contract earns of the promise does not touch it.
        yield structs.replace(flow, subject=f"{fact.stream}:{row.obligation}")


def _told(what: str, minor: int, currency: str) -> tuple[Step, ...]:
    return (Step(what=what, value=decimal_text(minor, currency)),)
