"""What Tideway sells beside subscriptions, by contracts stated by themselves: each shows one thing.

They are told on desk days like everything else, and billed by hand. Only the first company has
them: what it sells so is exempt from tax there, and one customer of it pays in another currency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import structs

from domain.cash import ReceivePayment
from domain.contract_commands import (
    ContractCommand,
    EstimatePrice,
    ExerciseRights,
    MeasureProgress,
    ModifyContract,
    OpenContract,
    ReportBase,
    SatisfyObligation,
    TerminateContract,
)
from domain.contract_facts import Milestone, Obligation, Restated, VariableAmount
from domain.deciders import Command
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.party import RegisterCustomer
from domain.payment_facts import Application
from domain.rates import PublishRates, Rate
from replay.demo.company import COUNTRIES, FIRST, Act, Country, Customer, ask
from replay.demo.customers import Member
from replay.demo.lives import Acts, Life
from replay.demo.saying import day, desk
from store.request import Request

# Amounts are in cents: the company that has deals sells in dollars, and one deal in euro.
ABROAD = "EUR"
# What a euro is worth on the first and the last day of each month, around and around.
WORTH = ("1.0950", "1.0820", "1.0870", "1.0790", "1.0680", "1.0850", "1.0710", "1.0830")


def deals(members: Iterable[Member]) -> Iterator[Act]:
    """A deal each for those who joined first and pay for themselves."""
    own = [one.who for one in members if not any(map(_is_below, one.acts))]
    first = sorted(own, key=lambda who: (who.start, who.name))
    if first and first[0].country == COUNTRIES[0]:
        for who, life in zip(first, DEALS, strict=False):
            yield from (act for act in life(who) if act.told < who.horizon)


def _is_below(act: Act) -> bool:
    return isinstance(act.command, RegisterCustomer) and act.command.parent is not None


def stream_of(who: Customer) -> str:
    return f"contract:k-{who.name}"


def rates(country: Country, first: date, last: date) -> Iterator[Request]:
    """What a month's first and last day say a foreign currency is worth, where somebody asks."""
    if country == COUNTRIES[0]:
        month = (first.year - FIRST.year) * 12 + first.month - FIRST.month
        for on, place in ((first, month), (last, month + 1)):
            worth = Rate(
                currency=ABROAD, into=country.currency, rate=Decimal(WORTH[place % len(WORTH)])
            )
            command = PublishRates(when=When(effective=on), rates=(worth,))
            yield ask(country.entity, "rates:self", str(on), command, "rates of the day")


# --- how deals are told --------------------------------------------------------------------------


def _said(stream: str, on: date, reason: str, command: Command, told: date | None = None) -> Act:
    name = f"{reason} {on}"
    return Act(told=desk(told or on), stream=stream, name=name, command=command, reason=reason)


def _opened(who: Customer, *promises: Obligation, currency: str = "USD", **more: Any) -> Act:
    command = OpenContract(
        when=When(effective=_signed(who)),
        customer=who.name,
        currency=currency,
        obligations=promises,
        **{"price_minor": 0} | more,
    )
    return _said(stream_of(who), _signed(who), "signed", command)


def _signed(who: Customer) -> date:
    return day(who, 1)


def _of(
    who: Customer,
    months: int,
    days: int,
    reason: str,
    kind: Callable[..., ContractCommand],
    told: date | None = None,
    **said: Any,
) -> Act:
    """Something said of the contract so many months and days after it was signed."""
    on = day(who, 1 + months, days)
    return _said(stream_of(who), on, reason, kind(when=When(effective=on), **said), told)


def _billed(
    who: Customer, months: int, promise: str, minor: int, currency: str = "USD", **more: Any
) -> Act:
    """A line for one promise; without a service period it asks for what is done."""
    on = day(who, 1 + months)
    line = InvoiceLine(
        line="1",
        amount_minor=minor,
        contract=stream_of(who).partition(":")[2],
        obligation=promise,
        **{"kind": "one-off"} | more,
    )
    command = IssueInvoice(
        when=When(effective=on), customer=who.name, currency=currency, lines=(line,)
    )
    return _said(_invoice(who, months), on, "billed", command)


def _invoice(who: Customer, months: int) -> str:
    return f"invoice:k-{who.name}-{months + 1}"


def _service(who: Customer, months: int, **more: Any) -> Obligation:
    since = _signed(who)
    fields = {"obligation": "service", "service_from": since, "service_to": day(who, 1 + months)}
    return Obligation(**fields | more)  # type: ignore[arg-type]


def _for_service(who: Customer, months: int) -> dict[str, Any]:
    return {
        "kind": "subscription",
        "service_from": _signed(who),
        "service_to": day(who, 1 + months),
    }


# --- the deals -----------------------------------------------------------------------------------


def bundle(who: Customer) -> Acts:
    """A training that costs nothing takes its share of the price of the service."""
    training = Obligation(
        obligation="training", pattern="point-in-time", ssp_minor=4_000_00, price_minor=0
    )
    yield _opened(who, _service(who, 12, ssp_minor=12_000_00, price_minor=12_000_00), training)
    yield _billed(who, 0, "service", 12_000_00, **_for_service(who, 12))
    yield _of(who, 0, 14, "training held", SatisfyObligation, obligation="training")


def project(who: Customer) -> Acts:
    """Built to the customer's plan, measured by its costs, and made larger on the way."""
    migration = Obligation(
        obligation="migration", pattern="percent-complete", expected_cost_minor=60_000_00
    )
    yield _opened(who, migration, price_minor=90_000_00)
    yield _billed(who, 0, "migration", 30_000_00)
    for month, cost in enumerate((12_000_00, 26_000_00, 45_000_00, 58_000_00, 72_000_00)):
        spent: dict[str, Any] = {"obligation": "migration", "incurred_minor": cost}
        yield _of(who, month, 19, "costs so far", MeasureProgress, **spent)
    wider = (Restated(obligation="migration", added_cost_minor=12_000_00),)
    more: dict[str, Any] = {"price_change_minor": 15_000_00, "restated": wider}
    yield _of(who, 1, 9, "a second system", ModifyContract, **more)
    yield _billed(who, 3, "migration", 40_000_00)
    yield _billed(who, 5, "migration", 35_000_00)


def days_of_advice(who: Customer) -> Acts:
    """Forty days at a price; twenty more at a lower one, spread over what is left."""
    advice = Obligation(
        obligation="advice", pattern="units", quantity=Decimal(40), unit_price=Decimal(1500)
    )
    yield _opened(who, advice)
    for month in range(6):
        done: dict[str, Any] = {"obligation": "advice", "quantity": Decimal(10)}
        yield _of(who, month, 19, "days worked", SatisfyObligation, **done)
    more = Restated(obligation="advice", added_quantity=Decimal(20), added_unit_price=Decimal(1200))
    yield _of(who, 1, 24, "more days", ModifyContract, price_change_minor=0, restated=(more,))
    yield _billed(who, 2, "advice", 30_000_00)
    yield _billed(who, 6, "advice", 54_000_00)


def stages(who: Customer) -> Acts:
    """Paid when each stage is done; the last is worth half."""
    parts = (("design", 1), ("trial", 1), ("launch", 2))
    stones = tuple(Milestone(milestone=name, weight=Decimal(size)) for name, size in parts)
    portal = Obligation(obligation="portal", pattern="milestones", milestones=stones)
    yield _opened(who, portal, price_minor=24_000_00)
    for month, (name, size) in enumerate(parts):
        yield _of(
            who, month, 9, "stage done", SatisfyObligation, obligation="portal", milestone=name
        )
        yield _billed(who, month + 1, "portal", 6_000_00 * size)


def rebate(who: Customer) -> Acts:
    """A rebate for a good year, expected to be small, then to be large: it is owed back."""
    amount = VariableAmount(
        name="fee after rebate", stated_minor=18_000_00, estimate_minor=17_400_00
    )
    yield _opened(who, _service(who, 12, ssp_minor=18_000_00), variable=(amount,))
    yield _billed(who, 0, "service", 18_000_00, **_for_service(who, 12))
    anew = structs.replace(amount, estimate_minor=16_200_00)
    yield _of(who, 2, 9, "a good year", EstimatePrice, variable=(anew,))


def royalties(who: Customer) -> Acts:
    """Two percent of what the customer sells with it, reported each month."""
    share = Obligation(obligation="resale", pattern="percent-of-base", percent_of_base=Decimal(2))
    yield _opened(who, share)
    for month, sales in enumerate((80_000_00, 96_500_00, 71_250_00, 110_000_00)):
        yield _of(
            who, month, 19, "sales reported", ReportBase, obligation="resale", base_minor=sales
        )
        yield _billed(who, month + 1, "resale", sales // 50)


def voucher(who: Customer) -> Acts:
    """Hours bought ahead, of which a tenth is never used by experience."""
    hours = Obligation(
        obligation="hours",
        pattern="as-exercised",
        quantity=Decimal(100),
        breakage_percent=Decimal(10),
    )
    yield _opened(who, hours, price_minor=15_000_00)
    yield _billed(who, 0, "hours", 15_000_00)
    for month in range(4):
        used: dict[str, Any] = {"obligation": "hours", "quantity": Decimal(15 + 5 * month)}
        yield _of(who, month, 19, "hours used", ExerciseRights, **used)


def leaves(who: Customer) -> Acts:
    """Ended after two months by agreement, with most of what is left given back."""
    yield _opened(who, _service(who, 12), price_minor=9_000_00)
    yield _billed(who, 0, "service", 9_000_00, **_for_service(who, 12))
    yield _of(who, 2, 0, "ended", TerminateContract, refund_minor=7_000_00)
    taken = CreditLine(line="1", amount_minor=7_000_00)
    on = day(who, 3)
    credit = IssueCredit(when=When(effective=on), lines=(taken,), purpose="correction")
    yield _said(_invoice(who, 0), on, "credited", credit)


def keyed_late(who: Customer) -> Acts:
    """A higher price since the second month, signed in time and keyed after that was closed."""
    yield _opened(who, _service(who, 12), price_minor=12_000_00)
    yield _billed(who, 0, "service", 12_000_00, **_for_service(who, 12))
    told, reason = day(who, 3), "wider scope, keyed late"
    yield _of(who, 1, 0, reason, ModifyContract, told, price_change_minor=3_300_00)


def abroad(who: Customer) -> Acts:
    """Sold in euro and paid in euro, at another rate than it was billed at."""
    yield _opened(who, _service(who, 12), currency=ABROAD, price_minor=24_000_00)
    yield _billed(who, 0, "service", 24_000_00, ABROAD, **_for_service(who, 12))
    on = day(who, 3)
    part = Application(invoice=_invoice(who, 0).partition(":")[2], amount_minor=18_000_00)
    paid = ReceivePayment(
        when=When(effective=on),
        customer=who.name,
        currency=ABROAD,
        amount_minor=18_000_00,
        applications=(part,),
    )
    yield _said(f"payment:euro-{who.name}", on, "paid in euro", paid)


DEALS: tuple[Life, ...] = (
    bundle,
    project,
    days_of_advice,
    keyed_late,
    abroad,
    stages,
    rebate,
    royalties,
    voucher,
    leaves,
)
