"""A subscription `s` in a few words: what is sold at which price, what is said of it and billed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.facts import Event, Fact
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.master import MasterData
from domain.policy import Options
from domain.price import PriceSet, PriceVersion
from domain.pricing import Flat, Model, PerUnit
from domain.subscription import Item, SubscriptionStarted
from tests.domain.contracting import CALENDAR, FAR, on
from tests.domain.given import fact


def flat(amount: str, **more: object) -> PriceSet:
    return priced(Flat(amount=Decimal(amount)), **more)


def each(amount: str, **more: object) -> PriceSet:
    return priced(PerUnit(unit_amount=Decimal(amount)), **more)


def priced(model: Model, since: str = "2000-01-01", **more: object) -> PriceSet:
    return PriceSet(when=on(since), currency="USD", model=model, **more)  # type: ignore[arg-type]


def started(day: str, to: str | None, *items: str | Item, **more: object) -> SubscriptionStarted:
    """Items that are named as their prices."""
    begin = date.fromisoformat(day)
    return SubscriptionStarted(
        when=on(day),
        customer="c1",
        currency="USD",
        term_from=begin,
        term_to=None if to is None else date.fromisoformat(to),
        items=tuple(Item(item=one, price=one) if isinstance(one, str) else one for one in items),
        **more,  # type: ignore[arg-type]
    )


def invoice(day: str, *lines: tuple[str, int, str, str]) -> InvoiceIssued:
    """Lines of items: an amount for service from one day to another."""
    return InvoiceIssued(
        when=on(day),
        customer="c1",
        currency="USD",
        number=f"I {day}",
        due_on=on(day).effective,
        lines=tuple(
            InvoiceLine(
                line=str(number),
                amount_minor=minor,
                subscription="s",
                obligation=item,
                service_from=date.fromisoformat(begin),
                service_to=date.fromisoformat(end),
            )
            for number, (item, minor, begin, end) in enumerate(lines, start=1)
        ),
    )


def credit(day: str, minor: int, treatment: str, line: str = "1") -> CreditIssued:
    return CreditIssued(
        when=on(day),
        number=f"C {day}",
        lines=(CreditLine(line=line, amount_minor=minor),),
        treatment=treatment,  # type: ignore[arg-type]
        purpose="correction",
    )


def sold(
    prices: dict[str, PriceSet | list[PriceSet]], *events: Event, **options: object
) -> Schedule:
    """By what is said of the subscription and its one invoice, in this order."""
    said = [_fact(event, at) for at, event in enumerate(events, start=1)]
    return scheduled(prices, said, **options)


def scheduled(
    prices: dict[str, PriceSet | list[PriceSet]], facts: Iterable[Fact], **options: object
) -> Schedule:
    chosen = Options(**options)  # type: ignore[arg-type]
    versions = {
        name: tuple(
            PriceVersion(f"{name}@{one.when.effective}", one.when.effective, one)
            for one in (rows if isinstance(rows, list) else [rows])
        )
        for name, rows in prices.items()
    }
    master = MasterData(
        calendar=CALENDAR, policies={"main": ((date.min, chosen),)}, prices=versions
    )
    return measure("subscription:s", [*facts], (), master, "main", FAR)


def _fact(event: Event, at: int) -> Fact:
    documents = InvoiceIssued | CreditIssued | InvoiceVoided
    return fact(
        at, stream="invoice:i" if isinstance(event, documents) else "subscription:s", event=event
    )
