"""Histories of customers' money alone, drawn from one seed and a size: few invoices, and all that
may become of money, credit and claims, many of it on the same days.

Whoever draws everything at once sees each pair of these kinds too rarely.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from domain.balance_facts import (
    BalanceApplied,
    BalanceGranted,
    BalanceRefunded,
    BalanceUnapplied,
    BalanceWithdrawn,
)
from domain.chargeback_facts import (
    ChargebackLost,
    ChargebackOpened,
    ChargebackWon,
)
from domain.contract_facts import ContractOpened, ContractTerminated, CriteriaMet, Obligation
from domain.facts import Event
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    InvoiceIssued,
    InvoiceLine,
    InvoiceRecovered,
    InvoiceVoided,
    InvoiceWrittenOff,
)
from domain.invoicing import InvoicingAdopted, InvoicingOptions
from domain.payment_facts import (
    Application,
    Deduction,
    PaymentApplied,
    PaymentAttemptFailed,
    PaymentFailed,
    PaymentFeeCharged,
    PaymentNamed,
    PaymentReceived,
    PaymentRefunded,
    PaymentUnapplied,
)
from tests.laws.changes import changed, out_of_turn, retracted
from tests.laws.histories import FIRST, Draft, opened, with_runs
from tests.laws.memory import Arrival, History

ENTITY = "acme-us"
FACTS_MOST = 60
RETRACTABLE = (
    CreditIssued,
    PaymentApplied,
    PaymentUnapplied,
    PaymentNamed,
    PaymentRefunded,
    PaymentFailed,
    ChargebackOpened,
    ChargebackWon,
    BalanceApplied,
    InvoiceWrittenOff,
    InvoiceRecovered,
    CriteriaMet,
    ContractTerminated,
)
CORRECTABLE = (
    InvoiceIssued,
    PaymentReceived,
    PaymentApplied,
    PaymentRefunded,
    PaymentFailed,
    ChargebackOpened,
    InvoiceWrittenOff,
    ContractTerminated,
)
# What is talked about, and mostly no contract.
TALKS = ("h0", "h1")
Of = dict[str, Any]


def purses(seed: int, size: int, *, talks: bool = False) -> History:
    """One entity; `size` from 0 to 100 says how much happens. With talks there are deals, too, that
    are no contract so far, which invoices bill and payments name.
    """
    random = Random(seed)
    draft = Draft(random=random, terms=Random(f"{seed} terms"), entity=ENTITY, size=size)
    opened(draft, 1)
    before = len(draft.arrivals)
    draft.opening = tuple(draft.arrivals)
    for name in TALKS if talks else ():
        _hope(draft, name)
    for _ in range(2):
        _invoice(draft)
        _pay(draft)
    for _ in range(6 + size * 40 // 100):
        if len(draft.arrivals) < before + FACTS_MOST:
            random.choice((*KINDS, _talk, _talk) if talks else KINDS)(draft)
    body = out_of_turn(draft.arrivals[before:], random)
    return History(seed, {ENTITY: (*draft.opening, *with_runs(draft, body))})


def _day(draft: Draft, least: date = FIRST) -> date:
    """Few days, so that much meets on one; now and then before what it is about."""
    days = [FIRST + timedelta(days=n) for n in (0, 9, 10, 31, 40, 60, 61, 90)]
    late = [day for day in days if day >= least]
    return draft.random.choice(late if late and draft.chance(0.9) else days)


def _customer(draft: Draft) -> str:
    return draft.random.choice(("c0", "c0", "c0", "c1"))


def _amount(draft: Draft) -> int:
    return draft.random.choice((1, 100, 200, 300, 500, 1000))


def _of(draft: Draft, *kinds: type[Event]) -> list[Arrival]:
    dead = {arrival.corrects for arrival in draft.arrivals}
    return [a for a in draft.arrivals if isinstance(a.event, kinds) and a.key not in dead]


def _invoice(draft: Draft) -> None:
    day, customer = _day(draft), _customer(draft)
    name = f"i{len(draft.arrivals)}"
    event = InvoiceIssued(
        when=draft.when(day),
        customer=customer,
        currency="USD",
        number=f"N-{name}",
        due_on=day + timedelta(days=draft.random.choice((0, 5, 30))),
        lines=tuple(
            InvoiceLine(line=f"{n}", amount_minor=_amount(draft), contract=_billed(draft, customer))
            for n in range(2)
        ),
    )
    draft.add(f"invoice:{name}", event)


def _billed(draft: Draft, customer: str) -> str | None:
    hoped = _hoped(draft)
    return draft.random.choice((None, None, None, *hoped)) if hoped and customer == "c0" else None


def _hoped(draft: Draft) -> tuple[str, ...]:
    """The deals that are no contract, where there are any."""
    return TALKS if any(a.stream == f"contract:{TALKS[0]}" for a in draft.arrivals) else ()


def _hope(draft: Draft, name: str) -> None:
    """A deal that is no contract so far, now and then one that may be left."""
    event = ContractOpened(
        when=draft.when(FIRST),
        customer="c0",
        currency="USD",
        price_minor=700,
        obligations=(
            Obligation(
                obligation="o0",
                ssp_minor=1,
                pattern="ratable",
                service_from=FIRST,
                service_to=FIRST + timedelta(days=100),
            ),
        ),
        criteria_met=False,
        cancellable_days=draft.random.choice((None, None, 30)),
    )
    draft.add(f"contract:{name}", event)


def _talk(draft: Draft) -> None:
    """It becomes a contract, or ends; now and then both."""
    stream = f"contract:{draft.random.choice(TALKS)}"
    kind = draft.random.choice((CriteriaMet, ContractTerminated, ContractTerminated))
    if any(isinstance(a.event, kind) for a in _of(draft, kind) if a.stream == stream):
        return
    when = draft.when(_day(draft))
    event: Event = CriteriaMet(when=when)
    if kind is ContractTerminated:
        refund = draft.random.choice((0, 0, _amount(draft)))
        event = ContractTerminated(when=when, refund_minor=refund)
    draft.add(stream, event)


def _pay(draft: Draft) -> None:
    invoices = _of(draft, InvoiceIssued)
    invoice = draft.random.choice(invoices)
    event = PaymentReceived(
        when=draft.when(_day(draft)),
        customer=_customer(draft),
        currency="USD",
        amount_minor=_amount(draft),
        contract=_for(draft),
        reference=invoice.stream.partition(":")[2] if draft.chance(0.5) else None,
        deposit=draft.chance(0.2),
        out_of_band=draft.chance(0.2),
    )
    draft.add(f"payment:p{len(draft.arrivals)}", event)


def _for(draft: Draft) -> str | None:
    hoped = _hoped(draft)
    if not draft.chance(0.4 if hoped else 0.2):
        return None
    return draft.random.choice((_sold(draft), *hoped)) if hoped else _sold(draft)


def _sold(draft: Draft) -> str:
    streams = (a.stream for a in draft.arrivals if a.stream.startswith(("sub", "contract")))
    return next(streams).partition(":")[2]


def _payment(draft: Draft) -> Arrival:
    return draft.random.choice(_of(draft, PaymentReceived))


def _applied(draft: Draft) -> None:
    money = draft.random.choice(_of(draft, PaymentReceived, BalanceGranted))
    invoice = draft.random.choice(_of(draft, InvoiceIssued))
    event: Any = money.event
    if (invoice.event.customer, "USD") != (event.customer, event.currency):  # type: ignore[attr-defined]
        return
    parts: tuple[Deduction, ...] = ()
    kind, row = BalanceApplied, PaymentApplied
    if isinstance(event, PaymentReceived) and draft.chance(0.4):
        word: Any = draft.random.choice(("withholding", "discount", "fee", "short-pay"))
        parts = (Deduction(kind=word, amount_minor=_amount(draft) // 10 + 1),)
    rows = (
        Application(
            invoice=invoice.stream.partition(":")[2],
            amount_minor=draft.random.randint(1, event.amount_minor),
            deductions=parts,
        ),
    )
    when = draft.when(_day(draft, event.when.effective))
    paid = isinstance(event, PaymentReceived)
    draft.add(money.stream, (row if paid else kind)(when=when, applications=rows))


def _unapplied(draft: Draft) -> None:
    money = draft.random.choice(_of(draft, PaymentReceived, BalanceGranted))
    invoice = draft.random.choice(_of(draft, InvoiceIssued)).stream.partition(":")[2]
    kind = PaymentUnapplied if isinstance(money.event, PaymentReceived) else BalanceUnapplied
    draft.add(money.stream, kind(when=draft.when(_day(draft)), invoice=invoice))


def _named(draft: Draft) -> None:
    word = draft.random.choice((_sold(draft), *_hoped(draft), "nothing"))
    event = PaymentNamed(when=draft.when(_day(draft)), contract=word)
    draft.add(_payment(draft).stream, event)


def _given_back(draft: Draft) -> None:
    payment = _payment(draft)
    event: Any = payment.event
    minor = draft.random.choice((event.amount_minor, max(1, event.amount_minor // 3)))
    when = draft.when(_day(draft, event.when.effective))
    kind: Any = draft.random.choice((PaymentRefunded, PaymentFailed))
    draft.add(payment.stream, kind(when=when, amount_minor=minor))


def _costs(draft: Draft) -> None:
    fee = PaymentFeeCharged(when=draft.when(_day(draft)), amount_minor=_amount(draft))
    draft.add(_payment(draft).stream, fee)
    failed = PaymentAttemptFailed(
        when=draft.when(_day(draft)), customer="c0", currency="USD", amount_minor=5
    )
    draft.add(f"payment:a{len(draft.arrivals)}", failed)


def _chargeback(draft: Draft) -> None:
    payment = _payment(draft)
    event: Any = payment.event
    name = f"d{len(draft.arrivals)}"
    opened_on = _day(draft, event.when.effective)
    taken = ChargebackOpened(
        when=draft.when(opened_on),
        chargeback=name,
        amount_minor=draft.random.choice((event.amount_minor, 1)),
        fee_minor=draft.random.choice((0, 15)),
    )
    draft.add(payment.stream, taken)
    for _ in range(draft.random.choice((0, 1, 1, 2))):
        when = draft.when(_day(draft, opened_on))
        outcome: Event = ChargebackLost(when=when, chargeback=name)
        if draft.chance(0.5):
            fee = draft.random.choice((0, 15))
            outcome = ChargebackWon(when=when, chargeback=name, fee_returned_minor=fee)
        draft.add(payment.stream, outcome)


def _credit(draft: Draft) -> None:
    invoice = draft.random.choice(_of(draft, InvoiceIssued))
    event: Any = invoice.event
    line = draft.random.choice(event.lines)
    cuts = (a.event for a in _of(draft, CreditIssued) if a.stream == invoice.stream)
    rows = (row for cut in cuts for row in cut.lines)  # type: ignore[attr-defined]
    left = line.amount_minor - sum(row.amount_minor for row in rows if row.line == line.line)
    if left < 1:
        return
    minor = draft.random.choice((left, (left + 1) // 2))
    credit = CreditIssued(
        when=draft.when(_day(draft, event.when.effective)),
        number=f"C{len(draft.arrivals)}",
        lines=(CreditLine(line=line.line, amount_minor=minor),),
        treatment=draft.random.choice(("as-if-never", "from-now")),
        to=draft.random.choice((None, "offset", "balance", "refund")),
    )
    draft.add(invoice.stream, credit)


def _granted(draft: Draft) -> None:
    event = BalanceGranted(
        when=draft.when(_day(draft)),
        customer=_customer(draft),
        currency="USD",
        amount_minor=_amount(draft),
        reason=draft.random.choice(("goodwill", "taken-over")),
    )
    stream = f"balance:b{len(draft.arrivals)}"
    draft.add(stream, event)
    if draft.chance(0.5):
        kind: Any = draft.random.choice((BalanceRefunded, BalanceWithdrawn))
        minor = draft.random.randint(1, event.amount_minor)
        when = draft.when(_day(draft, event.when.effective))
        draft.add(stream, kind(when=when, amount_minor=minor))


def _given_up(draft: Draft) -> None:
    invoice = draft.random.choice(_of(draft, InvoiceIssued))
    minor = draft.random.choice((None, None, 50))
    day = _day(draft, invoice.event.when.effective)
    draft.add(invoice.stream, InvoiceWrittenOff(when=draft.when(day), amount_minor=minor))
    if draft.chance(0.5):
        minor, day = draft.random.choice((None, 20)), _day(draft, day)
        draft.add(invoice.stream, InvoiceRecovered(when=draft.when(day), amount_minor=minor))


def _void(draft: Draft) -> None:
    invoice = draft.random.choice(_of(draft, InvoiceIssued))
    if draft.chance(0.5) and not any(a.stream == invoice.stream for a in _of(draft, InvoiceVoided)):
        day = _day(draft, invoice.event.when.effective)
        draft.add(invoice.stream, InvoiceVoided(when=draft.when(day)))


def _elect(draft: Draft) -> None:
    options = InvoicingOptions(
        apply=draft.random.choice(("oldest-due", "oldest-issued", "reference-first")),
        credits_to=draft.random.choice(("offset", "balance", "refund")),
    )
    draft.add("invoicing:self", InvoicingAdopted(when=draft.when(_day(draft)), options=options))


def _correct(draft: Draft) -> None:
    rows = _of(draft, *CORRECTABLE)
    pick = draft.random.choice(rows)
    draft.add(pick.stream, changed(pick.event, draft.random), corrects=pick.key)


def _retract(draft: Draft) -> None:
    rows = _of(draft, *RETRACTABLE)
    if rows:
        pick = draft.random.choice(rows)
        draft.add(pick.stream, retracted(pick), corrects=pick.key)


KINDS: tuple[Callable[[Draft], None], ...] = (
    _invoice,
    _pay,
    _pay,
    _applied,
    _applied,
    _applied,
    _unapplied,
    _named,
    _given_back,
    _costs,
    _chargeback,
    _credit,
    _credit,
    _granted,
    _given_up,
    _void,
    _elect,
    _correct,
    _retract,
)
