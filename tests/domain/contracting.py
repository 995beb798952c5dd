"""A stated contract in a few words: what is said of it, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.accounting.curves import standing
from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.calendar import ONE_DAY, Calendar, add_months, months
from domain.contract_facts import ContractOpened, Obligation, ObligationSatisfied
from domain.due import due
from domain.facts import Event, When, causes_of
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.master import MasterData
from domain.policy import Options
from tests.domain.given import fact

CALENDAR = Calendar(months(date(2017, 1, 1), 180))
FAR = date(2030, 12, 31)
YEAR = ("2024-01-01", "2025-01-01")


def on(day: str, agreed: str | None = None) -> When:
    return When(
        effective=date.fromisoformat(day), agreed_on=date.fromisoformat(agreed) if agreed else None
    )


def opened(
    day: str, *obligations: Obligation, price_minor: int = 0, **how: object
) -> ContractOpened:
    return ContractOpened(
        when=on(day),
        customer="c1",
        currency="USD",
        price_minor=price_minor,
        obligations=obligations,
        **how,  # type: ignore[arg-type]
    )


def billed(day: str, minor: int, number: int = 1) -> InvoiceIssued:
    line = InvoiceLine(line="1", amount_minor=minor, kind="one-off", contract="k1")
    return InvoiceIssued(
        when=on(day),
        customer="c1",
        currency="USD",
        number=f"I{number}",
        due_on=on(day).effective,
        lines=(line,),
    )


def scheduled(*events: Event, **options: object) -> Schedule:
    """The contract `k1` by what is said of it in this order, one position and order each; a credit
    or a void is of the invoice before it.
    """
    said, invoice = [], ""
    for at, event in enumerate(events, start=1):
        invoice = f"invoice:i{at}" if isinstance(event, InvoiceIssued) else invoice
        of_invoice = isinstance(event, InvoiceIssued | CreditIssued | InvoiceVoided)
        said.append(fact(at, stream=invoice if of_invoice else "contract:k1", event=event))
    chosen = Options(**{"ratable_by": "month", **options})  # type: ignore[arg-type]
    master = MasterData(calendar=CALENDAR, policies={"main": ((date.min, chosen),)})
    return measure("contract:k1", said, (), master, "main", FAR)


def revenue(schedule: Schedule, first: str, last: str, name: str | None = None) -> int:
    """What is earned from one day to another, both included."""
    begin, end = date.fromisoformat(first) - ONE_DAY, date.fromisoformat(last)
    flows = [f for f in schedule.flows if dict(f.legs).get("revenue") and name in (None, f.subject)]
    return sum(standing(f.curve, end) - standing(f.curve, begin) for f in flows)


def by_month(schedule: Schedule, first: str, count: int, name: str | None = None) -> list[int]:
    start = date.fromisoformat(first)
    days = [add_months(start, month) for month in range(count + 1)]
    return [revenue(schedule, str(a), str(b - ONE_DAY), name) for a, b in pairwise(days)]


def balance(schedule: Schedule, account: str, day: str) -> int:
    """What stands in an account at the end of a month; debit positive. Documents to come do not."""
    end = date.fromisoformat(day)
    balances = due(schedule, end, CALENDAR)
    return sum(
        one.minor
        for slot, one in balances.items()
        if slot.account == account and slot.earned <= CALENDAR.containing(end).last  # type: ignore[union-attr]
    )


def steps(schedule: Schedule, name: str) -> Mapping[str, str]:
    """The steps of all revenue of a promise."""
    return {
        step.what: step.value
        for flow in schedule.flows
        if flow.subject == name and flow.kind == "release"
        for step in flow.steps
    }


def units(name: str, quantity: str, unit_price: str, **how: object) -> Obligation:
    return Obligation(
        obligation=name,
        pattern="units",
        quantity=Decimal(quantity),
        unit_price=Decimal(unit_price),
        **how,  # type: ignore[arg-type]
    )


def point(name: str, ssp_minor: int = 0, **how: object) -> Obligation:
    return Obligation(obligation=name, ssp_minor=ssp_minor, pattern="point-in-time", **how)  # type: ignore[arg-type]


def even(name: str, first: str, after: str, ssp_minor: int = 0, **how: object) -> Obligation:
    return Obligation(
        obligation=name,
        ssp_minor=ssp_minor,
        service_from=date.fromisoformat(first),
        service_to=date.fromisoformat(after),
        **how,  # type: ignore[arg-type]
    )


def satisfied(day: str, name: str, quantity: str | None = None) -> ObligationSatisfied:
    """Control passed on a day: of all of it, or of so many units."""
    return ObligationSatisfied(
        when=on(day), obligation=name, quantity=Decimal(quantity) if quantity else None
    )


def causes(schedule: Schedule, name: str, day: str) -> tuple[int, ...]:
    """What revenue of a promise that moves on a day rests on."""
    at = date.fromisoformat(day)
    moving = (
        flow.causes
        for flow in schedule.flows
        if flow.subject == name and flow.kind == "release"
        if standing(flow.curve, at) != standing(flow.curve, at - ONE_DAY)
    )
    return causes_of(*moving)


# A year of service, 100.00 a month.
SERVICE = even("service", *YEAR, price_minor=1200_00)
