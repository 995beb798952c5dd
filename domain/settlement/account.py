"""One customer account in one currency, from its facts: what is owed, what is had, what is stated.

Facts of money or invoices not known here, or of another account, are left out; they wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct, field

from domain.accounting.contract.combined import openings_of
from domain.accounting.documents import BilledLine, Cut, billed_lines
from domain.accounting.receivable import DEALS, NEVER, with_rights
from domain.balance_facts import (
    BalanceApplied,
    BalanceGranted,
    BalanceRefunded,
    BalanceUnapplied,
    BalanceWithdrawn,
)
from domain.contract_facts import ContractOpened, ContractTerminated, CriteriaMet
from domain.facts import Fact, causes_of
from domain.invoice_facts import InvoiceRecovered, InvoiceWrittenOff
from domain.money import decimal_text
from domain.payment_facts import (
    Application,
    PaymentApplied,
    PaymentFailed,
    PaymentNamed,
    PaymentReceived,
    PaymentRefunded,
    PaymentUnapplied,
)
from domain.settlement.chargebacks import turns
from domain.settlement.holders import Change, Claim, Demand, Money, Named, alone, meet
from domain.settlement.shares import Habit, share_of
from domain.subscription import SubscriptionStarted

DEDUCTED_TO = {
    "withholding": "withholding-receivable",
    "discount": "settlement-discount",
    "fee": "bank-fees",
    "short-pay": "short-pay",
}


class Account(Struct):
    """`own` are the facts of each payment and credit, by stream; `acts` the facts that are no
    change of an amount, each with its place in effective order; `waits` claims by the days on which
    more of them is receivable; `rows` the lines that are owed.
    """

    currency: str
    claims: dict[str, Claim] = field(default_factory=dict)
    moneys: dict[str, Money] = field(default_factory=dict)
    own: dict[str, list[Fact]] = field(default_factory=dict)
    demands: list[Demand] = field(default_factory=list)
    acts: list[tuple[int, Fact]] = field(default_factory=list)
    contracts: dict[str, Named] = field(default_factory=dict)
    waits: dict[date, list[Claim]] = field(default_factory=dict)
    rows: list[BilledLine] = field(default_factory=list)


def account_of(
    facts: Sequence[Fact], customer: str, currency: str, habit: Habit | None = None
) -> Account:
    """All of an account; facts are known and in effective order."""
    places = {fact.position: place for place, fact in enumerate(facts)}
    account = Account(currency)
    account.contracts = _contracts(facts)
    _claims(account, facts, (customer, currency), places, habit)
    for fact in facts:
        if fact.stream.startswith(("payment:", "balance:")):
            account.own.setdefault(fact.stream, []).append(fact)
    for own in account.own.values():
        _money(account, own, (customer, currency), places)
    for place, fact in enumerate(facts):
        _act(account, fact, place)
    return account


def _contracts(facts: Sequence[Fact]) -> dict[str, Named]:
    """Contracts of this account by id: the day each is in force from, and the facts that say so.

    Until its criteria are met there is no contract, and money for it is a deposit (rule 1); it is
    kept once that ended without ever being one. Of a subscription the account does not know when it
    is over: its prices say so.
    """
    begun = {
        fact.stream: Named(fact.stream, fact.when.effective, (fact.position,))
        for fact in reversed(facts)
        if isinstance(fact.event, SubscriptionStarted | ContractOpened | CriteriaMet)
        and getattr(fact.event, "criteria_met", True)
    }
    opened = {fact.stream: fact for fact in facts if isinstance(fact.event, ContractOpened)}
    ended: dict[str, Named] = {}
    for fact in reversed(facts):
        if isinstance(fact.event, ContractTerminated) and fact.stream in opened:
            ended[fact.stream] = _never_one(fact, fact.event, opened[fact.stream])
            if fact.stream in begun:
                begun[fact.stream] = _until(begun[fact.stream], fact)
    return {stream.partition(":")[2]: named for stream, named in (ended | begun).items()}


def _until(named: Named, fact: Fact) -> Named:
    """The end that is measured first counts."""
    ends = (fact.when.measured, fact.position)
    if named.until is not None and named.until[0] < ends[0]:
        return named
    return named._replace(until=ends)


def _never_one(fact: Fact, event: ContractTerminated, opened: Fact) -> Named:
    causes = causes_of((opened.position,), (fact.position,))
    return Named(fact.stream, fact.when.measured, causes, event.refund_minor)


# --- what is owed ---


def _claims(
    account: Account,
    facts: Sequence[Fact],
    mine: tuple[str, str],
    places: dict[int, int],
    habit: Habit | None,
) -> None:
    rows = [row for row in billed_lines(facts) if (row.customer, row.currency) == mine]
    if habit is not None:
        rows = with_rights(rows, habit.receivable_at, openings_of(facts, DEALS), facts)
    for row in rows:
        claim = account.claims.get(row.invoice)
        if claim is None:
            claim = account.claims[row.invoice] = Claim(
                name=row.invoice, number=row.number, due_on=row.due_on, issued_on=row.issued_on
            )
            alone(claim)
        claim.changes += _owed(row, places)
        if habit is not None:
            _elect(account, claim, row, habit)
        account.rows.append(row)


def _elect(account: Account, claim: Claim, row: BilledLine, habit: Habit) -> None:
    """Of what bills no contract, and never will, nothing was earned that could be given back."""
    if habit.is_elected(row.issued_on) and row.bound_on != NEVER:
        claim.shares.append(share_of(row, habit))
    if row.receivable_on is not None:
        claim.waits.append(row)
        for day in {row.receivable_on, row.bound_on or NEVER} - {NEVER}:
            account.waits.setdefault(day, []).append(claim)


def _owed(row: BilledLine, places: dict[int, int]) -> Iterator[Change]:
    line, place = row.line, places[row.cause]
    yield Change(row.issued_on, place, line.amount_minor, (row.cause,), line.line)
    for cut in (cut for cut in row.cuts if cut.minor):
        yield _cut(row, cut, places)


def _cut(row: BilledLine, cut: Cut, places: dict[int, int]) -> Change:
    place = max(places[cause] for cause in cut.causes)
    causes = causes_of((row.cause,), cut.causes)
    credit = "" if cut.name == "void" else cut.name
    return Change(cut.day, place, -cut.minor, causes, cut.name, cut.to, credit)


# --- what is had ---


def _money(
    account: Account, own: Sequence[Fact], mine: tuple[str, str], places: dict[int, int]
) -> None:
    first = next((f for f in own if isinstance(f.event, PaymentReceived | BalanceGranted)), None)
    if first is None:
        return
    event = first.event
    assert isinstance(event, PaymentReceived | BalanceGranted)
    if (event.customer, event.currency) != mine:
        return
    money = _received(first, account)
    money.changes += _had(own, first, places)
    alone(money)
    account.moneys[first.stream] = money


def _received(first: Fact, account: Account) -> Money:
    """A balance has the name of its stream: a payment may have the same."""
    event, day, order = first.event, first.when.effective, first.when.order or 0
    if isinstance(event, BalanceGranted):
        return Money(name=first.stream, day=day, order=order, account="customer-credit")
    assert isinstance(event, PaymentReceived)
    return Money(
        name=first.stream.partition(":")[2],
        day=day,
        order=order,
        account="deposits" if event.deposit else "unapplied-cash",
        by_default=not event.deposit,
        reference=event.reference,
        contract=account.contracts.get(event.contract or ""),
    )


def _had(own: Sequence[Fact], first: Fact, places: dict[int, int]) -> Iterator[Change]:
    """What brought it about comes first, whatever is dated before."""
    event = first.event
    assert isinstance(event, PaymentReceived | BalanceGranted)
    yield _changed(first, event.amount_minor, "received", places)
    for fact in own:
        match fact.event:
            case PaymentRefunded() | BalanceRefunded():
                change = _changed(fact, -fact.event.amount_minor, "refund", places)
                yield change._replace(gives_back="refunds")
            case PaymentFailed():
                yield _changed(fact, -fact.event.amount_minor, "failed", places)
            case BalanceWithdrawn():
                yield _changed(fact, -fact.event.amount_minor, "withdrawn", places)
            case _:
                pass
    for turn in turns(own):
        if turn.change_minor:
            what = f"chargeback {turn.chargeback}: {', '.join(turn.told)}"
            day, place = turn.at.when.effective, places[turn.at.position]
            yield Change(day, place, turn.change_minor, turn.causes, what, gives_back="disputes")


def _changed(fact: Fact, minor: int, what: str, places: dict[int, int]) -> Change:
    return Change(fact.when.effective, places[fact.position], minor, (fact.position,), what)


# --- what is stated ---


def _act(account: Account, fact: Fact, place: int) -> None:
    match fact.event:
        case PaymentApplied() | BalanceApplied():
            money = account.moneys.get(fact.stream)
            for row in fact.event.applications if money is not None else ():
                claim = account.claims.get(row.invoice)
                if money is not None and claim is not None:
                    _demand(account, fact, place, money, claim, row)
        case PaymentUnapplied() | BalanceUnapplied() | PaymentNamed():
            if fact.stream in account.moneys:
                account.acts.append((place, fact))
        case InvoiceWrittenOff() | InvoiceRecovered():
            if fact.stream.partition(":")[2] in account.claims:
                account.acts.append((place, fact))
        case _:
            pass


def _demand(
    account: Account, fact: Fact, place: int, money: Money, claim: Claim, row: Application
) -> None:
    """What is stated holds from the day all three are there; until then it is kept for it."""
    begins = max(fact.when.effective, claim.issued_on, money.day)
    parts = [(money, row.amount_minor)] if row.amount_minor else []
    parts += [
        (_deducted(money, claim, part.kind, begins), part.amount_minor) for part in row.deductions
    ]
    causes = causes_of(money.changes[0].causes, claim.changes[0].causes, (fact.position,))
    for source, minor in parts:
        demand = Demand(
            money=source, claim=claim, by=money, wanted=minor, begins=begins, place=place
        )
        account.demands.append(demand)
        claim.demands.append(demand)
        claim.reserved += minor
        source.demands.append(demand)
        source.reserved += minor
        meet(money, source)
        meet(money, claim)
    money.group.causes = causes_of(money.group.causes, causes)
    money.said.append(_said(row, begins, account.currency))


def _deducted(money: Money, claim: Claim, kind: str, begins: date) -> Money:
    """As much as the statement says, once it holds."""
    source = Money(
        name=f"{money.name}:{claim.name}:{kind}",
        day=begins,
        order=0,
        account=DEDUCTED_TO[kind],
        settles="deduction",
        by_default=False,
    )
    alone(source)
    return source


def _said(row: Application, begins: date, currency: str) -> str:
    parts = [decimal_text(row.amount_minor, currency)]
    parts += [f"{decimal_text(one.amount_minor, currency)} {one.kind}" for one in row.deductions]
    return f"{' and '.join(parts)} stated for {row.invoice} from {begins}"
