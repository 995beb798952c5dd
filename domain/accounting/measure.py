"""Measure one unit: every dated amount its facts imply, in one pure pass per accounting step.

Total: any set of facts of a unit is measured, or refused by name and the unit waits. It never asks
what was posted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial

from msgspec import structs

from domain import settlement
from domain.accounting.adjustments import adjusted_in_functional, adjustment_flows
from domain.accounting.contract.combined import as_one, joined, joins_of, openings_of, promised_in
from domain.accounting.contracts import contract_revenue
from domain.accounting.documents import BilledLine, billed_lines, billing_flows, gives_back
from domain.accounting.ended import owed_at_the_end, owed_by_contracts
from domain.accounting.invoices import line_revenue, not_before
from domain.accounting.market import market_of
from domain.accounting.opening import opening_flows
from domain.accounting.outlook import outlook_of
from domain.accounting.pools import told_in_functional
from domain.accounting.receivable import DEALS, with_rights
from domain.accounting.schedule import Flow, Schedule, UsageCharge
from domain.accounting.served import served_flows
from domain.accounting.subscriptions import Earned, subscription_revenue
from domain.accounting.worths import worth_before, worth_flows
from domain.books import AdjustmentProposed
from domain.charge import Charge
from domain.contract_facts import OF_TRANSFER, ContractOpened
from domain.errors import Rejected
from domain.facts import Fact, but_kinds, in_effective_order, known, of_kinds
from domain.invoice_facts import InvoiceIssued
from domain.master import MasterData
from domain.opening import OpeningProposed
from domain.payment_facts import (
    PaymentReceived,
)
from domain.rating import RatedUsage
from domain.routing import account_of, is_stated, unit_of_line
from domain.settlement import settlement_flows
from domain.settlement.shares import Habit
from domain.subscription import SubscriptionAmended, SubscriptionRenewed, SubscriptionStarted
from domain.usage import UsageBatchAccepted, UsageDay

_NAMES_CURRENCY = (*DEALS, OpeningProposed)
_NAMES_PARTY = (*DEALS, InvoiceIssued, PaymentReceived)


def measure(
    unit: str,
    facts: Sequence[Fact],
    usage: Sequence[UsageDay],
    master: MasterData,
    book: str,
    through: date,
) -> Schedule:
    """What the books should say about one unit: `facts` are all of its facts up to a position.

    What has no end is measured as far as it may be due by `through`, and a year beyond.
    """
    in_force = known(facts)
    # A retracted batch takes its rows with it; a batch says nothing else of the contract.
    told = but_kinds(in_force, UsageBatchAccepted)
    told.sort(key=in_effective_order)
    kind = unit.partition(":")[0]
    if kind == "adjustment":
        schedule = _schedule(unit, book, told, adjustment_flows(told, book))
        market = market_of(schedule.currency, told, master, book, through)
        return schedule if market is None else adjusted_in_functional(schedule, market)
    if kind == "customer":
        return _account(unit, told, master, book, through)
    batches = {fact.position for fact in of_kinds(in_force, UsageBatchAccepted)} if usage else ()
    used = [day for day in usage if day.position in batches]
    return _contract(unit, told, used, master, book, through)


def _account(
    unit: str, known: Sequence[Fact], master: MasterData, book: str, through: date
) -> Schedule:
    customer, currency = account_of(unit)
    elections = master.invoicing_on
    habit = Habit(
        partial(_tells_apart, master, book),
        partial(master.progress, book),
        lambda day: master.options(book, day).receivable_at,
    )
    market = market_of(currency, known, master, book, through)
    if market is None:
        flows = settlement_flows(known, customer, currency, elections, habit)
        return _schedule(unit, book, known, flows)
    flows, known_to = settlement.told_in_functional(
        known, customer, currency, elections, market, habit
    )
    return structs.replace(
        _schedule(unit, book, known, flows), functional_currency=market.into, valued_to=known_to
    )


def _contract(
    unit: str,
    known: Sequence[Fact],
    usage: Sequence[UsageDay],
    master: MasterData,
    book: str,
    through: date,
) -> Schedule:
    kind = unit.partition(":")[0]
    of_unit = known
    if kind == "contract":
        known = as_one(unit, known)
    terms = but_kinds(known, *OF_TRANSFER)
    deals = openings_of(terms, DEALS)
    billed = _billed(unit, terms, deals, master, book)
    _require_one_currency(billed, terms)
    earned = Earned((), RatedUsage((), ()))
    if kind == "subscription":
        earned = subscription_revenue(known, usage, billed, master, book, through)
    flows = contract_revenue(known, billed, master, book) if kind == "contract" else earned.flows
    billed_only = any(map(_is_billed_only, deals.values()))
    if unit.startswith("invoice:") or billed_only:
        flows = tuple(flow for row in billed for flow in _by_itself(row, master, book))
    # What joined another contract comes to nothing, in the currency and for the customer it had.
    told = known or of_unit
    market = market_of(_party(unit, told)[1], told, master, book, through)
    before = (*worth_before(opening_flows(unit, terms, billed, master, book), market),)
    documents = (flow for row in billed for flow in worth_flows(row, market))
    served = () if billed_only else _served(billed, deals, master, book)
    moves = [*before, *documents, *[flow for flow in flows if flow.legs]]
    # A contract has one net position (rule 38).
    joint = (
        any(map(is_stated, deals))
        or earned.is_shared
        or (not billed_only and _is_joint(billed, terms))
    )
    if earned.end is not None:
        moves += [*owed_at_the_end(earned.end, moves, joint=joint)]
    elif kind == "contract":
        alone = partial(_alone, known, before, billed, master, book)
        moves += owed_by_contracts([*filter(is_stated, deals)], terms, moves, alone)
    schedule = structs.replace(
        _schedule(unit, book, told, tuple(moves)),
        memos=(*[flow for flow in flows if not flow.legs], *served),
        joint=joint,
        pending=earned.rated.pending,
        charges=tuple(_charged(charge) for charge in earned.rated.charges),
        measured_to=earned.measured_to,
        outlook=None if billed_only else outlook_of(terms, flows),
    )
    return schedule if market is None else told_in_functional(schedule, market, earned.together)


def _alone(
    known: Sequence[Fact],
    before: Sequence[Flow],
    billed: Sequence[BilledLine],
    master: MasterData,
    book: str,
    stream: str,
) -> list[Flow]:
    """What moves for a contract by itself, of several that are accounted for as one."""
    own = [fact for fact in known if fact.stream == stream]
    rows = [row for row in billed if unit_of_line(row.invoice, row.line) == stream]
    names = {row.obligation for fact in own for row in promised_in(fact)}
    return [
        *(flow for flow in before if flow.obligation in names),
        *(flow for row in rows for flow in billing_flows(row)),
        *(flow for flow in contract_revenue(own, rows, master, book) if flow.legs),
    ]


def _served(
    billed: Sequence[BilledLine], deals: Mapping[str, Fact], master: MasterData, book: str
) -> Iterator[Flow]:
    """Of a deal that measures its own revenue, by the policy in force at its inception."""
    opened = next(iter(deals.values()), None)
    if opened is None:
        return
    if master.options(book, opened.when.effective).overbilled == "negative-unbilled":
        for row in billed:
            by = master.progress(book, row.line.service_from or row.issued_on)
            deal = deals.get(unit_of_line(row.invoice, row.line), opened)
            yield from served_flows(row, by, deal.position)


def priced_as(charge: Charge) -> str:
    """The price version, and the group where it charges each by itself."""
    values = " ".join(f"{name}={value}" for name, value in charge.group)
    return f"{charge.price} {values}" if values else charge.price


def _charged(charge: Charge) -> UsageCharge:
    return UsageCharge(
        item=charge.item,
        price=priced_as(charge),
        start=charge.start,
        end=charge.end,
        quantity=charge.quantity,
        minor=charge.minor,
    )


def _is_joint(billed: Sequence[BilledLine], known: Sequence[Fact]) -> bool:
    """Whether a line leaves open which of several promises it bills."""
    leaves_open = any(not row.line.obligation and row.line.is_for_service for row in billed)
    return leaves_open and len(_promised(known)) > 1


def _promised(known: Sequence[Fact]) -> set[str]:
    """Every obligation a contract ever named."""
    names: set[str] = set()
    for fact in known:
        match fact.event:
            case SubscriptionStarted() | SubscriptionAmended() | SubscriptionRenewed():
                names |= {change.item for change in fact.event.items}
            case _:
                names |= {own.obligation for own in promised_in(fact)}
    return names


def _billed(
    unit: str, known: Sequence[Fact], deals: Mapping[str, Fact], master: MasterData, book: str
) -> list[BilledLine]:
    """The lines that bill this unit; a void that says nothing follows the book's policy."""
    rows = billed_lines(known, lambda day: master.options(book, day).void_default)
    if not rows:
        return []
    units = {unit, *filter(is_stated, {fact.stream for fact in known})}
    mine = [row for row in rows if unit_of_line(row.invoice, row.line) in units]
    mine = [_kept_whole(row) if _tells_apart(master, book, row.issued_on) else row for row in mine]
    joins = joins_of(known)
    if joins:
        mine = [
            structs.replace(row, joined=joined(unit_of_line(row.invoice, row.line), joins))
            for row in mine
        ]
    mine = with_rights(mine, lambda day: master.options(book, day).receivable_at, deals, known)
    return [_under(row, deals.get(unit_of_line(row.invoice, row.line))) for row in mine]


def _tells_apart(master: MasterData, book: str, day: date) -> bool:
    """Whether what gives back is told apart, for documents of a day: in the customer's account."""
    return master.options(book, day).given_back == "contra-revenue"


def _kept_whole(row: BilledLine) -> BilledLine:
    return structs.replace(row, cuts=tuple(cut for cut in row.cuts if not gives_back(row, cut)))


def _require_one_currency(billed: Sequence[BilledLine], known: Sequence[Fact]) -> None:
    """Documents from outside may come before their deal: what is not in its money is never summed,
    the unit waits parked until one of them is taken back.
    """
    currencies = {row.currency for row in billed}
    for fact in of_kinds(known, *_NAMES_CURRENCY):
        assert isinstance(fact.event, _NAMES_CURRENCY), fact
        currencies.add(fact.event.currency)
    if len(currencies) > 1:
        raise Rejected("currency-mismatch", field="currency", found=sorted(currencies))


def _under(row: BilledLine, opened: Fact | None) -> BilledLine:
    """As the deal has it that the line bills, if that is known: it need not name the obligation of
    a contract that was opened with just one.
    """
    if opened is None:
        return row
    event, position = opened.event, (opened.position,)
    names: tuple[str, ...] = ()
    if isinstance(event, SubscriptionStarted):
        if event.contract == "none":
            return structs.replace(row, contract=position)
        if row.line.obligation:
            return row
        names = tuple(item.item for item in event.items)
    elif isinstance(event, ContractOpened):
        names = tuple(own.obligation for own in event.obligations)
    if row.line.obligation or len(names) != 1:
        return row
    return structs.replace(row, only=names[0], contract=position)


def _by_itself(row: BilledLine, master: MasterData, book: str) -> tuple[Flow, ...]:
    flows = line_revenue(row, master.progress(book, row.line.service_from or row.issued_on))
    if master.options(book, row.issued_on).served_before_issue == "at-issue":
        return tuple(not_before(flow, row.issued_on) for flow in flows)
    return flows


def _is_billed_only(opened: Fact) -> bool:
    """A subscription that opens no contract by rule is earned by what invoices say of it."""
    return isinstance(opened.event, SubscriptionStarted) and opened.event.contract == "none"


def _schedule(
    unit: str,
    book: str,
    known: Sequence[Fact],
    flows: tuple[Flow, ...],
) -> Schedule:
    customer, currency = _party(unit, known)
    if unit.startswith("customer:"):
        customer, currency = account_of(unit)
    return Schedule(unit=unit, book=book, currency=currency, flows=flows, customer=customer)


def _party(unit: str, known: Sequence[Fact]) -> tuple[str, str]:
    """Customer and currency by the first fact that names them."""
    for fact in known:
        event = fact.event
        if isinstance(event, _NAMES_PARTY):
            return event.customer, event.currency
        if isinstance(event, OpeningProposed):
            customers = (row.customer for row in event.positions if row.unit == unit)
            return next(customers, ""), event.currency
        if isinstance(event, AdjustmentProposed):
            return "", event.currency
    return "", ""
